"""Video files for the command line, read frame by frame (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from .._audio_file import LOCAL
from .._errors import InvalidInput
from .._files import WITHOUT_INDEX, lacks_index
from .._picture import Pixels
from ._look import Look, look_of, upright
from ._pictures import need_extra

if TYPE_CHECKING:
    import av
    from av.stream import Stream
    from av.video.stream import VideoStream

    from ._video_out import VideoWriter

    Packet: TypeAlias = av.Packet[Stream]

_TICKS = Fraction(1, 90_000)
"""Seconds; what MPEG counts time in, for files that say no other."""

_LEAST_STEP = 1e-6
"""Seconds between two frames; less is rounding."""

_RUNNING_CLOCK = 0x200
"""FFmpeg's AVFMT_TS_DISCONT: times of the format are of a clock that runs, and begin anywhere."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An upright frame [height, width, 3], and the seconds at which it is shown."""

    pixels: Pixels
    pts: float
    duration: float
    """Seconds for which it is shown; 0 is unsaid."""
    look: Look


class VideoFile:
    """A video that is read frame by frame and never held as a whole; use as `with VideoFile(path) as video`.

    Raises:
        InvalidInput: PyAV is missing, or the file can't be read or has no pictures in it.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            import av  # noqa: PLC0415 - an optional extra
        except ImportError as error:
            raise need_extra(error) from error
        self.path = Path(path)
        if not self.path.is_file():
            raise InvalidInput(f"{self.path} is not a file")
        self._broken: type[Exception] = av.error.FFmpegError
        try:
            self.container: av.container.InputContainer = av.open(as_file(self.path), options=LOCAL)
        except self._broken as error:
            why = WITHOUT_INDEX if lacks_index(self.path) else error
            raise InvalidInput(f"{self.path} can't be read as video: {why}") from error
        try:
            self.stream: VideoStream = self._shown()
        except InvalidInput:
            self.container.close()
            raise
        self.stream.thread_type = "AUTO"
        running = self.container.format.flags & _RUNNING_CLOCK
        self.begins = Fraction(max(self.container.start_time or 0, 0), 1_000_000) if running else Fraction(0)

    def _shown(self) -> VideoStream:
        """The pictures that a player shows: no cover, the default where there is one, or else the largest."""
        from av.stream import Disposition  # noqa: PLC0415 - an optional extra

        covers = Disposition.attached_pic | Disposition.timed_thumbnails
        videos = [stream for stream in self.container.streams.video if not stream.disposition & covers]
        if not videos:
            only = " but a cover" if self.container.streams.video else ""
            raise InvalidInput(f"{self.path} has no pictures in it{only}")
        if all(stream.codec_context is None for stream in videos):
            raise InvalidInput(
                f"{self.path} has pictures in a codec that is unknown here: try ffmpeg -i IN out.mp4"
            )
        return max(
            (stream for stream in videos if stream.codec_context is not None),
            key=lambda stream: (
                bool(stream.disposition & Disposition.default),
                stream.codec_context.width * stream.codec_context.height,
            ),
        )

    @property
    def seconds(self) -> float | None:
        """How long it says it is."""
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base)
        return self.container.duration / 1e6 if self.container.duration else None

    def frames(self, writer: VideoWriter | None = None) -> Iterator[Frame]:
        """Every frame, in the order it is shown; sound and subtitles on the way go to `writer` as they are.

        Times always increase: where the file has none, or has them in disorder, frames follow at its rate.

        Raises:
            InvalidInput: the file is damaged further on, has no frames, or colors that can't be read.
        """
        from av import VideoFrame  # noqa: PLC0415 - an optional extra

        wanted = [self.stream, *(writer.copied if writer else [])]
        shown, last = 0, -1.0
        step = float(max(1 / (self.stream.average_rate or 25), self.stream.time_base or _TICKS))
        try:
            for packet in self.container.demux(wanted):
                if packet.stream.index != self.stream.index:
                    if writer:
                        writer.copy(packet)
                    continue
                for frame in packet.decode():
                    if not isinstance(frame, VideoFrame):
                        continue
                    time = None if frame.time is None else frame.time - float(self.begins)
                    if time is not None and (not shown or time > last + _LEAST_STEP):
                        last = time
                    else:
                        last = last + step if shown else 0.0
                    lasts = float((frame.duration or 0) * (frame.time_base or 0))
                    yield Frame(upright(frame), last, lasts, look_of(frame, self.stream))
                    shown += 1
        except self._broken as error:
            raise InvalidInput(f"{self.path} is damaged after {shown} frames: {error}") from error
        if not shown:
            raise InvalidInput(f"{self.path} has no frames in it")

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()


def as_file(path: Path) -> str:
    """A name that FFmpeg takes for a file, whatever colons, hyphens and percent signs are in it."""
    return f"file:{path}"
