"""The networks that `faces` calls inside the server."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from collections.abc import Sequence

import numpy as np
import triton_python_backend_utils as pb_utils

from faces.geometry import Floats, Pixels
from serving_common.errors import CallError

TOGETHER = 8
"""Images of one request: more would keep those of other rooms waiting, and gain nothing on a CPU."""


def run(model: str, images: Sequence[Pixels], outputs: Sequence[str]) -> list[Floats]:
    """The outputs [N,...] of a network for N images of one size. Raises CallError."""
    parts = [
        _run(model, images[begin : begin + TOGETHER], outputs) for begin in range(0, len(images), TOGETHER)
    ]
    return parts[0] if len(parts) == 1 else [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


def _run(model: str, images: Sequence[Pixels], outputs: Sequence[str]) -> list[Floats]:
    batch = images[0][None] if len(images) == 1 else np.stack(images)
    request = pb_utils.InferenceRequest(
        model_name=model, requested_output_names=list(outputs), inputs=[pb_utils.Tensor("image", batch)]
    )
    response = request.exec()
    if response.has_error():
        raise CallError(model, response.error().message())
    found = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
    return [found[name].astype(np.float32, copy=False) for name in outputs]
