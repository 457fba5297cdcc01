"""The models that captions call inside the server: voice_activity, denoise, asr."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
from dataclasses import dataclass

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from serving_common.error_codes import Code
from serving_common.errors import CallError
from serving_common.speech import SAMPLE_RATE

Floats = NDArray[np.float32]

START = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
END = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END


class LanguageError(ValueError):
    """A language that `asr` does not know; the message says which it does."""


@dataclass(frozen=True)
class Transcript:
    """What `asr` made of a clip; `text` is as decoded, so it may begin with a space."""

    text: str
    language: str
    average_logprob: float


async def recognize(audio: Floats, language: str, prefix: str = "", draft: str = "") -> Transcript:
    """Run `asr` on one clip at 16 kHz, at most 30 s long."""
    texts = {"language": language, "prefix": prefix, "draft": draft}
    inputs = [
        pb_utils.Tensor("audio", audio[None]),
        pb_utils.Tensor("sample_rate", np.array([[SAMPLE_RATE]], np.int32)),
        *(pb_utils.Tensor(name, np.array([[text.encode()]], np.object_)) for name, text in texts.items()),
    ]
    text, detected, logprob = await _call("asr", ["text", "detected_language", "avg_logprob"], inputs)
    return Transcript(text[0, 0].decode(), detected[0, 0].decode(), float(logprob[0, 0]))


async def check_language(language: str) -> None:
    """Ask `asr` whether it knows `language`. Raises LanguageError, or CallError."""
    try:
        await recognize(np.zeros(SAMPLE_RATE // 10, np.float32), language)
    except CallError as error:
        if error.code is Code.INVALID_INPUT:  # which the clip is not
            raise LanguageError(error.sentence) from error
        raise


async def leaving() -> bool:
    """Whether the server stops, and will answer no more: then it knows of no model any more."""
    try:
        return not await asyncio.to_thread(pb_utils.is_model_ready, "asr")
    except Exception:  # the binding raises what it likes
        return True


class Stream:
    """One room's use of a sequence model that maps `audio` to one output, chunk by chunk.

    `room`: what the model knows its sequence by, which no other room's may be.
    """

    def __init__(self, model: str, output: str, room: str) -> None:
        self._model, self._output, self._room = model, output, room
        self._flags = START

    async def feed(self, audio: Floats) -> Floats:
        """Send samples [N]; returns the output without its batch axis."""
        answer = await self._send(audio)
        self._flags = 0
        return answer

    async def close(self, size: int) -> None:
        """Let the server forget the sequence, with one last `size` samples of silence."""
        if self._flags == START:
            return
        self._flags = END
        await self._send(np.zeros(size, np.float32))

    async def _send(self, audio: Floats) -> Floats:
        inputs = [pb_utils.Tensor("audio", audio[None])]
        (answer,) = await _call(self._model, [self._output], inputs, self._room, self._flags)
        output: Floats = answer[0].astype(np.float32, copy=False)
        return output


class Denoiser:
    """One room's use of `denoise`: any number of samples in, what is clean by now out, without delay."""

    FRAME = 256
    """Samples that the model takes a multiple of; by as many its output is late."""

    def __init__(self, room: str) -> None:
        self._stream = Stream("denoise", "audio_clean", room)
        self._pending = np.zeros(0, np.float32)
        self._late = self.FRAME

    async def feed(self, samples: Floats, last: bool) -> Floats:
        """Clean samples [N]; `last` also gives what was held back."""
        pending: Floats = np.concatenate([self._pending, samples])
        if last:
            pending = np.pad(pending, (0, -len(pending) % self.FRAME + self.FRAME))
        whole = len(pending) // self.FRAME * self.FRAME
        self._pending = pending[whole:]
        if whole == 0:
            return pending[:0]
        late, self._late = self._late, 0
        clean = await self._stream.feed(pending[:whole])
        if last:
            await self._stream.close(self.FRAME)
        return clean[late:]


async def _call(
    model: str, outputs: list[str], inputs: list[pb_utils.Tensor], sequence: int | str = 0, flags: int = 0
) -> list[NDArray[np.generic]]:
    request = pb_utils.InferenceRequest(
        model_name=model, requested_output_names=outputs, inputs=inputs, correlation_id=sequence, flags=flags
    )
    response = await request.async_exec()
    if response.has_error():
        raise CallError(model, response.error().message())
    found = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
    return [found[name] for name in outputs]
