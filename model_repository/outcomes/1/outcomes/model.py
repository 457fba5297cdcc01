"""Triton model `outcomes`: what viewers did -> the store, once each."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import triton_python_backend_utils as pb_utils

from outcomes.events import OutcomeError, read
from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.store import StoreError, connect
from serving_common.store.journal import Journal
from serving_common.tenants import tenant

THREADS = 8
"""Requests that wait for the store at the same time."""


class TritonPythonModel:
    """One instance; what it knows is in the store."""

    def initialize(self, args: dict[str, str]) -> None:
        """Find the store; it need not be there yet."""
        self._store = connect()
        self._journal = Journal(self._store)
        self._threads = ThreadPoolExecutor(THREADS, "outcomes")

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return list(self._threads.map(lambda request: answered(request, "outcomes", self._answer), requests))

    def finalize(self) -> None:
        """Leave the store."""
        self._threads.shutdown()
        self._store.close()

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        (given,) = request.inputs()
        owner = tenant(json.loads(request.parameters() or "{}"))
        try:
            counted = self._journal.report(owner, read(given.as_numpy().reshape(-1).tolist()))
        except OutcomeError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        except StoreError as error:
            return refusal(Code.SERVER_UNAVAILABLE, str(error))
        return pb_utils.InferenceResponse([pb_utils.Tensor("counted", np.array([counted], np.bool_))])
