"""The models that chat calls inside the server: sentiment and moderation, both for the lines of all rooms."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from chat.messages import Mood, Scored
from chat.settings import CATEGORIES
from serving_common.errors import CallError

TOGETHER = 256
"""Lines of one call, as many as both models take."""
PATIENCE = 10.0
"""Seconds for one call."""
_THREADS = ThreadPoolExecutor(8)

NOTHING = Scored("und", Mood(0.0, 1.0, 0.0), dict.fromkeys(CATEGORIES, 0.0))
"""Of a line in which nothing is written."""

Array = NDArray[np.generic]


async def score(lines: Sequence[str]) -> list[Scored]:
    """What both models say of lines, in order. Raises CallError."""
    written = [line for line in lines if line.strip()]
    parts = [written[begin : begin + TOGETHER] for begin in range(0, len(written), TOGETHER)]
    found = iter([scored for part in await asyncio.gather(*map(_score, parts)) for scored in part])
    return [next(found) if line.strip() else NOTHING for line in lines]


async def _score(lines: Sequence[str]) -> list[Scored]:
    text = np.array([[line.encode(errors="replace")] for line in lines], np.object_)
    (moods, languages), (scores,) = await asyncio.gather(
        _call("sentiment", ["probabilities", "language"], text), _call("moderation", ["scores"], text)
    )
    return [
        Scored(language.decode(), Mood(*mood), dict(zip(CATEGORIES, categories, strict=True)))
        for language, mood, categories in zip(languages[:, 0], moods.tolist(), scores.tolist(), strict=True)
    ]


async def _call(model: str, outputs: list[str], text: Array) -> list[Array]:
    request = pb_utils.InferenceRequest(
        model_name=model, requested_output_names=outputs, inputs=[pb_utils.Tensor("text", text)]
    )
    # Not async_exec: that waits without end, in threads of which there are few.
    answer = asyncio.get_running_loop().run_in_executor(_THREADS, request.exec)
    if not (await asyncio.wait([answer], timeout=PATIENCE))[0]:
        raise CallError(model, f"did not answer within {PATIENCE:g} s")
    response = answer.result()
    if response.has_error():
        raise CallError(model, response.error().message())
    found = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
    return [found[name] for name in outputs]
