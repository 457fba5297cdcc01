"""Calls of `asr` over Triton's own client, so that anything can be sent."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import np_to_triton_dtype

from evaluation.speech import SAMPLE_RATE

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Answer:
    """What `asr` says of a clip."""

    text: str
    language: str
    duration: float
    logprob: float
    no_speech: float


def tensors(
    audio: Array, rate: int = SAMPLE_RATE, language: str = "auto", prefix: str = "", draft: str = ""
) -> dict[str, Array]:
    """The five inputs for one clip."""
    texts = {"language": language, "prefix": prefix, "draft": draft}
    arrays: dict[str, Array] = {"audio": audio[None], "sample_rate": np.array([[rate]], np.int32)}
    return arrays | {name: np.array([[text.encode()]], np.object_) for name, text in texts.items()}


def inputs(arrays: dict[str, Array]) -> list[InferInput]:
    """Arrays as Triton's client takes them."""
    made = []
    for name, array in arrays.items():
        made.append(InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
        made[-1].set_data_from_numpy(array)
    return made


def infer(client: InferenceServerClient, arrays: dict[str, Array]) -> list[Answer]:
    """One answer per clip of a request."""
    result = client.infer("asr", inputs(arrays), client_timeout=60)
    names = ("text", "detected_language", "duration", "avg_logprob", "no_speech_prob")
    columns = [cast(Array, result.as_numpy(name)).reshape(-1) for name in names]
    return [
        Answer(text.decode(), language.decode(), float(seconds), float(logprob), float(no_speech))
        for text, language, seconds, logprob, no_speech in zip(*columns, strict=True)
    ]


def ask(client: InferenceServerClient, audio: Array, rate: int = SAMPLE_RATE, **texts: str) -> Answer:
    return infer(client, tensors(audio, rate, **texts))[0]
