"""Triton model `outcomes`: what viewers did -> the store, once each."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json

import numpy as np
import triton_python_backend_utils as pb_utils

from outcomes.events import OutcomeError, read
from serving_common.error_codes import Code
from serving_common.errors import refusal
from serving_common.store import Store
from serving_common.store.journal import Journal
from serving_common.store.model import StoreModel
from serving_common.tenants import tenant


class TritonPythonModel(StoreModel):
    """One instance; what it knows is in the store."""

    name = "outcomes"

    def open(self, store: Store) -> None:
        """Report there."""
        self._journal = Journal(store)

    def answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        """Of each outcome, whether it is new."""
        (given,) = request.inputs()
        owner = tenant(json.loads(request.parameters() or "{}"))
        try:
            counted = self._journal.report(owner, read(given.as_numpy().reshape(-1).tolist()))
        except OutcomeError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        return pb_utils.InferenceResponse([pb_utils.Tensor("counted", np.array([counted], np.bool_))])
