"""What models that read and write the store are made of."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from concurrent.futures import ThreadPoolExecutor

import triton_python_backend_utils as pb_utils

from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.store.connection import Store, StoreError, connect

THREADS = 8
"""Requests that wait for the store at the same time."""


class StoreModel:
    """A model whose answers wait for the store, several at the same time; it keeps nothing itself."""

    name = ""
    """In errors."""

    def initialize(self, args: dict[str, str]) -> None:
        """Find the store; it need not be there yet."""
        self._store = connect()
        self._threads = ThreadPoolExecutor(THREADS, self.name)
        self.open(self._store)

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request; those that come at the same time are in no order."""
        return list(self._threads.map(lambda request: answered(request, self.name, self._answer), requests))

    def finalize(self) -> None:
        """Leave the store."""
        self._threads.shutdown()
        self._store.close()

    def open(self, store: Store) -> None:
        """Take hold of it."""
        raise NotImplementedError

    def answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        """The answer to one request; a StoreError is told as one."""
        raise NotImplementedError

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        try:
            return self.answer(request)
        except StoreError as error:
            return refusal(Code.SERVER_UNAVAILABLE, str(error))
