"""Audio on its way in: what can be sent, checked early; files read block by block."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._audio_file import decoder, unheard
from ._config import LOUDEST, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from ._errors import DamagedFile, InvalidInput

Samples: TypeAlias = NDArray[np.int16] | NDArray[np.float32]
"""Mono samples [n]: int16, or float32 in [-1, 1]."""

logger = logging.getLogger("liveroom")

_OFF_S, _OFF = 1.0, 0.01
"""By how many seconds, and by which share, a header may be off before that is said."""


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
        InvalidInput: not a one-dimensional, non-empty array of int16 or finite floats; or a float is beyond
            `LOUDEST`, and so was never scaled to [-1, 1].
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
    if loudest > LOUDEST:
        raise InvalidInput(
            f"audio reaches {loudest:g}: expected float32 in [-1, 1]; divide int16 values by 32768"
        )
    return floats


def clipped(samples: Samples, where: str, *, quiet: bool = False) -> Samples:
    """Checked samples cut off at [-1, 1], as a player would; said in one warning unless `quiet`.

    Args:
        samples: see `check_samples`.
        where: whose they are, for the warning.
        quiet: whether it has been said before.
    """
    if samples.dtype.kind == "i" or (loudest := float(np.abs(samples).max(initial=0.0))) <= 1:
        return samples
    if not quiet:
        logger.warning("%s: audio reaches %.3g; what is beyond [-1, 1] is clipped", where, loudest)
    floats: NDArray[np.float32] = np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
    return floats


def as_float32(samples: Samples) -> NDArray[np.float32]:
    """Checked samples as float32 in [-1, 1]."""
    return (
        samples.astype(np.float32) / np.float32(32768)
        if samples.dtype == np.int16
        else samples.astype(np.float32)
    )


class AudioFile:
    """A sound file that is read block by block and never held as a whole.

    WAV, FLAC, OGG, MP3, AIFF and more; with the extra `liveroom[pictures]` whatever FFmpeg reads, the sound
    of videos included. How long it is, is what could be decoded: what its header promises may be wrong.

    Args:
        path: the file. Stereo and more is averaged to mono; where channels are each other's opposite, which
            leaves next to nothing, the loudest is heard.

    Raises:
        InvalidInput: it can't be opened, isn't sound, is empty, or has a sample rate beyond 8 to 48 kHz that
            only `liveroom[pictures]` could convert.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            if "://" in os.fspath(path):
                raise InvalidInput(
                    f"{os.fspath(path)} is a stream, not a file: try"
                    " ffmpeg -i URL -f s16le -ac 1 -ar 16000 - | liveroom captions -"
                )
            raise InvalidInput(f"{self.path} is not a file")
        try:
            self._decoder = decoder(self.path)
        except InvalidInput as error:
            raise InvalidInput(f"{self.path}: {error}") from error
        self.frames = self._decoder.frames
        self.decoded = 0
        """Samples that have been given out."""
        self._samples = self._decoder.read()
        try:
            self.sample_rate = check_sample_rate(self._decoder.sample_rate)
            first = next(self._samples, None)
            if first is None:
                raise InvalidInput("it has no samples")
            self._left = first
        except InvalidInput as error:
            self.close()
            raise InvalidInput(f"{self.path}: {error}") from error

    @property
    def duration(self) -> float:
        """Seconds that its header promises; 0 where it does not say."""
        return self.frames / self.sample_rate

    def blocks(self, seconds: float = 1.0) -> Iterator[NDArray[np.float32]]:
        """The samples from here on, float32 mono [n] in blocks of `seconds`; the last one may be shorter.

        Raises:
            DamagedFile: some of it could not be read; everything else has been given out before.
        """
        size = max(1, round(seconds * self.sample_rate))
        damage: DamagedFile | None = None
        while True:
            parts, count = [self._left], len(self._left)
            while count < size and damage is None:
                try:
                    part = next(self._samples, None)
                except DamagedFile as error:
                    damage = error
                    break
                if part is None:
                    break
                parts.append(part)
                count += len(part)
            held = np.concatenate(parts)
            block, self._left = held[:size], held[size:]
            if not len(block):
                break
            self.decoded += len(block)
            yield block
        if damage:
            raise DamagedFile(f"{self.path} is damaged {damage}") from damage
        self._compare()

    def _compare(self) -> None:
        """Say so where the header was wrong about the length, and where there is more than was heard."""
        if more := unheard(self.path, self._decoder):
            logger.warning("%s: %s", self.path, more)
        promised, found = self.duration, self.decoded / self.sample_rate
        if promised and abs(promised - found) > max(_OFF_S, _OFF * found):
            logger.warning(
                "%s: its header says %.1f s, and %.1f s could be decoded", self.path, promised, found
            )

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

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
