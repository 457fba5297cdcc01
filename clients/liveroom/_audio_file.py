"""Decoders of sound files: soundfile (libsndfile), and PyAV (FFmpeg) where it is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soundfile

from ._concatenated import is_chunked, is_joined
from ._config import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE
from ._downmix import Downmix, Floats
from ._errors import DamagedFile, InvalidInput
from ._files import WITHOUT_INDEX, lacks_index

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

LOCAL = {"protocol_whitelist": "file"}
"""For FFmpeg: lists of other files (HLS, DASH, concat) may name files, and nothing in the network."""
MOST_SAMPLES_A_BYTE = 4096
"""A header that promises more says nothing: silence in FLAC or Opus stays below it."""
_EXACT = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF"})
"""What libsndfile reads to the end, whatever its header says."""
_SHORTER = re.compile(r"data : (\d+) \(should be \d+\)")
"""In libsndfile's log: how many bytes a header promised that are not there."""
_FORGIVEN = 2
"""Packets of a lossy codec that may be none: tags between joined files, a last one that is cut."""
_LONGEST_HOLE_S = 10.0
_MISSING_S = 0.01
"""Of a lossless codec, whose header counts samples; less is its time base."""


class Decoder(Protocol):
    """An open sound file. frames: how many samples its header promises, 0 where it does not say."""

    sample_rate: int
    frames: int

    def read(self) -> Iterator[Floats]:
        """Mono samples in [-1, 1], a little at a time. Raises DamagedFile at its end if some are missing."""

    def close(self) -> None:
        """Close the file."""


def decoder(path: Path) -> Decoder:
    """The one that gives what a player would play.

    libsndfile ends where the header of an MP3 or OGG says, FFmpeg where the file does; libsndfile is asked
    for whatever it reads exactly, and for everything where PyAV is not installed. Only FFmpeg converts sample
    rates that can't be sent.

    Raises:
        InvalidInput: none can open it.
    """
    why: Exception | None = None
    sound: _SoundFile | None = None
    try:
        sound = _SoundFile(path)
    except (soundfile.SoundFileError, OSError) as error:
        why = error
    sendable = sound is not None and MIN_SAMPLE_RATE <= sound.sample_rate <= MAX_SAMPLE_RATE
    if sound and sound.frames and sound.exact and sendable:
        return sound
    av = _pyav()
    if av is not None:
        try:
            other = _AvFile(av, path)
        except (av.error.FFmpegError, OSError, IndexError) as error:
            why = why or error
        else:
            if sound:
                sound.close()
            return other
    if sound and sound.frames and sendable:
        return sound
    more = "" if av else ", which reads more where 'liveroom[pictures]' is installed"
    if sound:
        sound.close()
        if sound.frames:
            extra = "" if av else "install 'liveroom[pictures]', which converts it, or "
            raise InvalidInput(
                f"its sample rate is {sound.sample_rate}: expected {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz;"
                f" {extra}try ffmpeg -i IN -ar 16000 out.wav"
            )
        if sound.exact or av:
            raise InvalidInput("it has no samples")
        raise InvalidInput(f"its header does not say how long it is{more}: try ffmpeg -i IN out.wav")
    if lacks_index(path):
        raise InvalidInput(WITHOUT_INDEX)
    raise InvalidInput(f"it can't be read as WAV, FLAC, OGG or MP3{more}: try ffmpeg -i IN out.wav ({why})")


def unheard(path: Path, by: Decoder) -> str:
    """What stands in a file behind all that `by` gave, as the rest of a sentence; "" for nothing."""
    chunked = is_chunked(path)
    if not (chunked or isinstance(by, _SoundFile)) or not is_joined(path):
        return ""
    more = "" if chunked or _pyav() else ", or install 'liveroom[pictures]', which hears both"
    return f"another recording is joined behind it, which is not heard: try each by itself{more}"


class _SoundFile:
    """See Decoder."""

    def __init__(self, path: Path) -> None:
        self._file = soundfile.SoundFile(path)
        self.sample_rate = int(self._file.samplerate)
        frames = int(self._file.frames)
        self.frames = frames if frames <= MOST_SAMPLES_A_BYTE * path.stat().st_size else 0
        self.exact = self._file.format in _EXACT
        if promised := _SHORTER.search(self._file.extra_info):
            bytes_a_frame = max(1, path.stat().st_size // max(1, frames))
            self.frames = max(frames, int(promised[1]) // bytes_a_frame)
            if self.frames > MOST_SAMPLES_A_BYTE * path.stat().st_size:
                self.frames = frames
        self._loud = self._file.subtype in ("FLOAT", "DOUBLE")
        self._mono = Downmix(self.sample_rate)

    def read(self) -> Iterator[Floats]:
        while True:
            try:
                block: Floats = self._file.read(self.sample_rate, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                raise DamagedFile(str(error)) from error
            if not len(block):
                return
            yield _bounded(self._mono(block.T), loud=self._loud)

    def close(self) -> None:
        self._file.close()


class _AvFile:
    """See Decoder; the first sound track of whatever FFmpeg reads."""

    def __init__(self, av: ModuleType, path: Path) -> None:
        self._av = av
        self._file = path.open("rb")  # and not its name, which FFmpeg could take for a protocol
        try:
            self._container = av.open(self._file, options=LOCAL)
            self._stream = self._container.streams.audio[0]
        except BaseException:
            self._file.close()
            raise
        self.sample_rate = min(
            max(int(self._stream.codec_context.sample_rate), MIN_SAMPLE_RATE), MAX_SAMPLE_RATE
        )
        length = self._stream.duration and float(self._stream.duration * self._stream.time_base)
        length = length or (self._container.duration or 0) / av.time_base
        frames = round(max(0.0, length) * self.sample_rate)
        self.frames = frames if frames <= MOST_SAMPLES_A_BYTE * path.stat().st_size else 0
        codec = self._stream.codec_context.codec
        self._lossless, self._loud = codec.lossless, codec.name.startswith("pcm_f")
        self._mono = Downmix(self.sample_rate)
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def read(self) -> Iterator[Floats]:
        given, failed, where = 0, 0, ""
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames: list[AudioFrame] = packet.decode()
                except self._av.error.FFmpegError as error:
                    failed += 1
                    where = where or f"at {given / self.sample_rate:.1f} s: {error.strerror}"
                    continue
                for frame in frames:
                    if failed and frame.time is not None:
                        hole = round((frame.time - self._begins()) * self.sample_rate) - given
                        if 0 < hole <= _LONGEST_HOLE_S * self.sample_rate:
                            given += hole
                            yield np.zeros(hole, np.float32)
                    for block in self._converted(frame):
                        given += len(block)
                        yield block
            yield from self._converted(None)
        except self._av.error.FFmpegError as error:
            raise DamagedFile(f"at {given / self.sample_rate:.1f} s: {error.strerror}") from error
        missing = (self.frames - given) / self.sample_rate
        if self._lossless and missing > _MISSING_S:
            raise DamagedFile(where or f"somewhere: {missing:.2f} s of it can't be decoded")
        if failed > (0 if self._lossless else _FORGIVEN):
            raise DamagedFile(where)

    def close(self) -> None:
        self._container.close()
        self._file.close()

    def _begins(self) -> float:
        return float((self._stream.start_time or 0) * self._stream.time_base)

    def _converted(self, frame: AudioFrame | None) -> Iterator[Floats]:
        """Samples of a frame, or with None those that are left, at `sample_rate`."""
        shape = None if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            yield from self._resampled(None)
            self._shape, self._resampler = shape, None
            if frame is not None:
                self._resampler = self._av.AudioResampler("fltp", frame.layout, self.sample_rate)
        if frame is not None:
            yield from self._resampled(frame)

    def _resampled(self, frame: AudioFrame | None) -> Iterator[Floats]:
        for resampled in self._resampler.resample(frame) if self._resampler else ():
            samples = self._mono(resampled.to_ndarray().astype(np.float32, copy=False))
            yield _bounded(samples, loud=self._loud)


def _bounded(samples: Floats, *, loud: bool) -> Floats:
    """Decoders of lossy formats overshoot 1, which a player would not play."""
    return np.ascontiguousarray(samples) if loud else np.clip(samples, -1.0, 1.0)


def _pyav() -> ModuleType | None:
    """PyAV, which is an optional extra."""
    try:
        import av  # noqa: PLC0415
    except ImportError:
        return None
    return av
