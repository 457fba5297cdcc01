"""Audio on its way in: what can be sent, checked early; files read block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from ._config import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from ._errors import InvalidInput

Samples: TypeAlias = NDArray[np.int16] | NDArray[np.float32]
"""Mono samples [n]: int16, or float32 in [-1, 1]."""

_LOUDEST = 16.0
"""Decoders overshoot 1 a little; what goes beyond this was never scaled to [-1, 1]."""


def check_sample_rate(sample_rate: int) -> int:
    """`sample_rate` in Hz as an int.

    Raises:
        InvalidInput: it is not a whole number from 8000 to 48000.
    """
    if sample_rate != int(sample_rate) or not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise InvalidInput(
            f"sample rate is {sample_rate}: expected {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
        )
    return int(sample_rate)


def check_samples(samples: NDArray[Any]) -> Samples:
    """`samples` as the server takes them; float64 is narrowed to float32.

    Raises:
        InvalidInput: not a one-dimensional, non-empty array of int16 or finite floats in [-1, 1].
    """
    if not isinstance(samples, np.ndarray):
        raise InvalidInput(f"audio is a {type(samples).__name__}: expected a numpy array of int16 or float32")
    if samples.ndim != 1:
        raise InvalidInput(
            f"audio has shape {samples.shape}: expected mono [samples]; for stereo send audio.mean(axis=1)"
        )
    if not samples.size:
        raise InvalidInput("audio is empty: expected at least one sample")
    if samples.dtype.kind == "i" and samples.dtype.itemsize == 2:
        return samples.astype("<i2", copy=False)
    if samples.dtype.kind != "f":
        raise InvalidInput(f"audio is {samples.dtype}: expected int16, or float32 in [-1, 1]")
    floats: NDArray[np.float32] = samples.astype("<f4", copy=False)
    loudest = float(np.abs(floats).max())  # NaN and infinity come through max()
    if not np.isfinite(loudest):
        where = int(np.argmin(np.isfinite(floats)))
        raise InvalidInput(f"audio has {floats[where]} at sample {where}: expected finite numbers in [-1, 1]")
    if loudest > _LOUDEST:
        raise InvalidInput(
            f"audio reaches {loudest:g}: expected float32 in [-1, 1]; divide int16 values by 32768"
        )
    return floats


def as_float32(samples: Samples) -> NDArray[np.float32]:
    """Checked samples as float32 in [-1, 1]."""
    return (
        samples.astype(np.float32) / np.float32(32768)
        if samples.dtype == np.int16
        else samples.astype(np.float32)
    )


class AudioFile:
    """A sound file (WAV, FLAC, OGG, MP3) that is read block by block and never held as a whole.

    Args:
        path: the file. Stereo and more is averaged to mono.

    Raises:
        InvalidInput: it can't be opened, isn't sound, is empty, or has a sample rate beyond 8 to 48 kHz.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InvalidInput(f"{self.path} is not a file")
        try:
            self._file = soundfile.SoundFile(self.path)
        except (soundfile.SoundFileError, OSError) as error:
            raise InvalidInput(
                f"{self.path} can't be read as WAV, FLAC, OGG or MP3: try ffmpeg -i IN out.wav ({error})"
            ) from error
        try:
            self.sample_rate = check_sample_rate(self._file.samplerate)
            self.frames = int(self._file.frames)
            if not self.frames:
                raise InvalidInput("it has no samples")
        except InvalidInput as error:
            self._file.close()
            raise InvalidInput(f"{self.path}: {error}") from error

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.sample_rate

    def blocks(self, seconds: float = 1.0) -> Iterator[NDArray[np.float32]]:
        """The samples from here on, float32 mono [n] in blocks of `seconds`; the last one may be shorter.

        Raises:
            InvalidInput: the file is damaged further on.
        """
        size = max(1, round(seconds * self.sample_rate))
        while True:
            try:
                block: NDArray[np.float32] = self._file.read(size, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                raise InvalidInput(f"{self.path} is damaged: {error}") from error
            if not len(block):
                return
            yield block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> AudioFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_audio(path: str | os.PathLike[str]) -> tuple[NDArray[np.float32], int]:
    """A whole sound file as (float32 mono [n] in [-1, 1], sample rate in Hz); `AudioFile` reads long ones.

    Raises:
        InvalidInput: see `AudioFile`.
    """
    with AudioFile(path) as file:
        return np.concatenate(list(file.blocks())), file.sample_rate
