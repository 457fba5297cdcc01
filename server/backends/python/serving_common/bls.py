"""Calls of other models from the event loop of a model (BLS), with an end."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from serving_common.errors import CallError

Array = NDArray[np.generic]

PATIENCE = 10.0
"""Seconds to wait for a model. When a process of it dies Triton never answers what that was at, and the next
request of a sequence has to wait for the one before: without an end the room would hang."""
_WHOLE = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START | pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END
_THREADS = ThreadPoolExecutor(256, "call")
"""One for each call under way; it has as many as were needed, and one that waits in vain stays."""


async def call(
    model: str,
    outputs: Sequence[str],
    inputs: Mapping[str, Array],
    *,
    sequence: str = "",
    patience: float = PATIENCE,
) -> dict[str, Array]:
    """Run a model once.

    Args:
        model: its name.
        outputs: that are wanted.
        inputs: with the batch dimension where the model has one.
        sequence: a name that nobody else uses, for models that keep a state: begun and ended by this call.
        patience: seconds.

    Raises:
        CallError: it answered with an error, or not in time.
    """
    request = pb_utils.InferenceRequest(
        model_name=model,
        requested_output_names=list(outputs),
        inputs=[pb_utils.Tensor(name, array) for name, array in inputs.items()],
        correlation_id=sequence or 0,
        flags=_WHOLE if sequence else 0,
    )
    # Not async_exec: that waits without end, in threads of which there are few.
    answer = asyncio.get_running_loop().run_in_executor(_THREADS, request.exec)
    if not (await asyncio.wait([answer], timeout=patience))[0]:
        raise CallError(model, f"did not answer within {patience:g} s")
    response = answer.result()
    if response.has_error():
        raise CallError(model, response.error().message())
    return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
