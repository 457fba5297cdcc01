"""Video files for the command line: frames in, other frames and the same sound out (PyAV)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._errors import InvalidInput
from .._files import replacing
from .._picture import Pixels
from ._pictures import need_extra

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

    Packet: TypeAlias = av.Packet[av.stream.Stream]

_TICKS = Fraction(1, 90_000)
"""Seconds; what MPEG counts time in, for files that say no other."""

_LEAST_STEP = 1e-6
"""Seconds between two frames; less is rounding."""


@dataclass(frozen=True, slots=True)
class Frame:
    """An upright frame [height, width, 3], and the seconds at which it is shown."""

    pixels: Pixels
    pts: float


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
            self._container: av.container.InputContainer = av.open(str(self.path))
        except self._broken as error:
            raise InvalidInput(f"{self.path} can't be read as video: {error}") from error
        if not self._container.streams.video:
            self._container.close()
            raise InvalidInput(f"{self.path} has no pictures in it")
        self.stream: VideoStream = self._container.streams.video[0]
        self.stream.thread_type = "AUTO"
        self.sound: AudioStream | None = next(iter(self._container.streams.audio), None)

    @property
    def seconds(self) -> float | None:
        """How long it says it is."""
        if self.stream.duration and self.stream.time_base:
            return float(self.stream.duration * self.stream.time_base)
        return self._container.duration / 1e6 if self._container.duration else None

    def frames(self, copy_sound: VideoWriter | None = None) -> Iterator[Frame]:
        """Every frame, in the order it is shown; sound on the way is handed to `copy_sound` as it is.

        Times always increase: where the file has none, or has them in disorder, frames follow at its rate.

        Raises:
            InvalidInput: the file is damaged further on, or has no frames.
        """
        from av import VideoFrame  # noqa: PLC0415 - an optional extra

        wanted = [self.stream, *([self.sound] if self.sound and copy_sound else [])]
        shown, last = 0, -1.0
        step = float(max(1 / (self.stream.average_rate or 25), self.stream.time_base or _TICKS))
        try:
            for packet in self._container.demux(wanted):
                if packet.stream is self.sound:
                    if copy_sound:
                        copy_sound.sound(packet)
                    continue
                for frame in packet.decode():
                    if not isinstance(frame, VideoFrame):
                        continue
                    pixels: Pixels = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                    turned: Pixels = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
                    if frame.time is not None and (not shown or frame.time > last + _LEAST_STEP):
                        last = frame.time
                    else:
                        last = last + step if shown else 0.0
                    yield Frame(turned, last)
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
        self._container.close()


class VideoWriter:
    """Writes frames as the codec that suits the ending of the file, beside the sound of another file.

    Made by `writing`; the first frame says how large all of them are.
    """

    def __init__(self, container: av.container.OutputContainer, source: VideoFile) -> None:
        self._container = container
        self._source = source
        self._video: VideoStream | None = None
        self._sound: AudioStream | None = None
        self._early: list[Packet] = []

    def frame(self, pixels: Pixels, pts: float) -> None:
        """Write one frame [height, width, 3] to be shown at `pts` seconds; an odd last line is cut off.

        Raises:
            InvalidInput: it has a side of one pixel.
        """
        import av  # noqa: PLC0415 - an optional extra

        height, width = (side // 2 * 2 for side in pixels.shape[:2])  # chroma has half the lines
        if not (width and height):
            raise InvalidInput(
                f"a frame has {pixels.shape[1]} x {pixels.shape[0]} pixels: videos need 2 on each side"
            )
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:height, :width]), format="rgb24")
        if self._video is None:
            self._video = self._begin(width, height)
        frame = frame.reformat(self._video.width, self._video.height)
        time_base = self._video.codec_context.time_base
        frame.pts, frame.time_base = round(pts / time_base), time_base
        self._container.mux(self._video.encode(frame))

    def sound(self, packet: Packet) -> None:
        """Write a packet of the source's sound; those before the first frame wait for it."""
        if packet.dts is None:  # the end of it
            return
        if self._video is None:
            self._early.append(packet)
        elif self._sound is not None:
            packet.stream = self._sound
            self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds back."""
        if self._video is not None:
            self._container.mux(self._video.encode())

    def _begin(self, width: int, height: int) -> VideoStream:
        source = self._source.stream
        rate = source.average_rate or 25
        webm = self._container.format.name == "webm"
        video = self._container.add_stream("libvpx-vp9" if webm else "h264", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.time_base = source.time_base or _TICKS
        video.options = {"crf": "18"}
        if self._container.format.name in ("avi", "asf"):  # which have no times for frames out of order
            video.options["bf"] = "0"
        if self._source.sound is not None:
            self._sound = self._container.add_stream_from_template(self._source.sound)
        early, self._early = self._early, []
        self._video = video
        for packet in early:
            self.sound(packet)
        return video


@contextmanager
def writing(path: str | Path, source: VideoFile) -> Iterator[VideoWriter]:
    """A video file to write frames to; it is there when the block has ended well, and else not at all.

    Raises:
        InvalidInput: the ending is of no video format, or of one that can't hold the sound.
        OSError: it cannot be written.
    """
    import av  # noqa: PLC0415 - an optional extra

    with ExitStack() as stack:
        part = stack.enter_context(replacing(Path(path)))
        try:
            container = av.open(str(part), "w")
            stack.callback(_close_quietly, container)
            writer = VideoWriter(container, source)
            yield writer
            writer.finish()
            container.close()
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, InvalidInput):
                raise
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
            sound = source.sound.codec_context.name if source.sound else "no"
            raise InvalidInput(f"{path} can't be written, with {sound} sound: {error}; try .mp4") from error


def _close_quietly(container: av.container.OutputContainer) -> None:
    with suppress(Exception):  # half a file can't be ended properly, and is about to be deleted
        container.close()
