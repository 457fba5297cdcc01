"""Triton model `catalog`: what the platform announces -> the store, and what is in it."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json

import numpy as np
import triton_python_backend_utils as pb_utils

from catalog.changes import Changes, ConflictError, owner_of
from catalog.kinds import ItemError
from serving_common.error_codes import Code
from serving_common.errors import refusal
from serving_common.store import Store
from serving_common.store.catalog import TooManyError
from serving_common.store.model import StoreModel
from serving_common.tenants import tenant


class TritonPythonModel(StoreModel):
    """One instance; what it knows is in the store."""

    name = "catalog"

    def open(self, store: Store) -> None:
        """Make changes there."""
        self._changes = Changes(store)

    def answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        """What is in the catalog, after the changes that are asked for."""
        given = {tensor.name(): tensor.as_numpy().reshape(-1).tolist() for tensor in request.inputs()}
        try:
            kind, catalog, cursor = (
                _text(name, given[name][0]) if name in given else "" for name in ("kind", "catalog", "cursor")
            )
            owner = owner_of(kind, tenant(json.loads(request.parameters() or "{}")), catalog)
            if changes := given.get("changes"):
                return _response(self._changes.make(kind, owner, changes), "")
            if "cursor" in given:
                return _response(*self._changes.listed(kind, owner, cursor))
            return _response([], "")
        except (ItemError, TooManyError) as error:
            return refusal(Code.INVALID_INPUT, str(error))
        except ConflictError as error:
            return refusal(Code.OVERLOADED, str(error))


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ItemError(f"{name} is {data[:40]!r}: send text in UTF-8") from error


def _response(items: list[bytes], cursor: str) -> pb_utils.InferenceResponse:
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("items", np.array([items], np.object_).reshape(1, len(items))),
            pb_utils.Tensor("cursor", np.array([[cursor.encode()]], np.object_)),
        ]
    )
