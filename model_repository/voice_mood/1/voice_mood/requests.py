"""What a request holds, checked and brought to 16 kHz."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving_common.clip import resampled
from voice_mood.baseline import Baseline

LONGEST = 30.0
"""Seconds of one piece of speech, which `asr` takes too."""
SHORTEST = 512
"""Samples at 16 kHz that `pitch` needs."""
LONGEST_TEXT = 64 * 1024
LONGEST_LANGUAGE = 200
"""Bytes."""

Tensors = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Asked:
    """`audio` [N] at 16 kHz; `text` is None where `asr` has to be asked."""

    audio: NDArray[np.float32]
    text: str | None
    language: str
    baseline: Baseline


def read(tensors: Tensors) -> Asked:
    """One request. Raises ValueError, which names what is wrong."""
    for name in ("audio", "sample_rate"):
        if name not in tensors or not tensors[name].size:
            raise ValueError(f"{name} is missing; send it with the audio")
    samples = tensors["audio"].reshape(-1).astype(np.float32, copy=False)
    rate = int(tensors["sample_rate"].reshape(-1)[0])
    audio, _ = resampled(samples, rate, LONGEST, f"send at most {LONGEST:g} s")
    return Asked(
        np.pad(audio, (0, max(SHORTEST - len(audio), 0))),
        _text(tensors, "text", LONGEST_TEXT),
        _text(tensors, "language", LONGEST_LANGUAGE) or "auto",
        Baseline.parsed(tensors.get("baseline", np.zeros(0, np.float32)).astype(np.float32)),
    )


def _text(tensors: Tensors, name: str, longest: int) -> str | None:
    if name not in tensors or not tensors[name].size:
        return None
    value = bytes(tensors[name].reshape(-1)[0])
    if len(value) > longest:
        raise ValueError(f"{name} has {len(value)} bytes; send at most {longest}")
    return value.decode(errors="replace")
