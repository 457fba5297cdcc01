"""Videos that are written frame by frame, beside the sound and the subtitles of another file (PyAV)."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._errors import InvalidInput
from .._files import replacing
from .._picture import Pixels
from ._tracks import Copy, begin_copies, describe, left_out
from ._video import Frame, VideoFile, as_file

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

    from ._video import Packet

_TICKS = Fraction(1, 90_000)
"""Seconds; what MPEG counts time in, for files that say no other."""

_FIXED_RATE = ("avi", "asf")
"""Formats that have no times for frames out of order; AVI counts frames instead of seconds."""


_EDITED = ("mp4", "mov", "ipod")
"""Formats that can say from where on they are played."""

_LEAD_IN = 0.1
"""Seconds of sound before its beginning that a decoder may need, as that of Opus; more was cut off."""


class VideoWriter:
    """Writes frames as the codec that suits the ending of the file, beside the tracks of another file.

    Made by `writing`; the first frame says how large all of them are, and how they look.
    """

    def __init__(self, container: av.container.OutputContainer, source: VideoFile, name: str) -> None:
        self._container = container
        self._source = source
        self._name = name
        self._video: VideoStream | None = None
        self._copies: dict[int, Copy] = {}
        self._last: dict[int, int] = {}
        self._early: list[Packet] = []
        self.copied, self._left_out = left_out(source, container.format.name)
        """The tracks that are wanted as they are."""

    def frame(self, frame: Frame, pixels: Pixels) -> None:
        """Write `pixels` [height, width, 3] when and as `frame` was shown; an odd last line is cut off.

        Raises:
            InvalidInput: it has a side of one pixel.
        """
        height, width = (side // 2 * 2 for side in pixels.shape[:2])  # chroma has half the lines
        if not (width and height):
            raise InvalidInput(
                f"a frame has {pixels.shape[1]} x {pixels.shape[0]} pixels: videos need 2 on each side"
            )
        if self._video is None:
            self._video = self._begin(frame, width, height, odd=(height, width) != pixels.shape[:2])
        encoded = frame.look.encoded(np.ascontiguousarray(pixels[:height, :width]))
        if (width, height) != (self._video.width, self._video.height):
            encoded = encoded.reformat(self._video.width, self._video.height)
        time_base = self._video.codec_context.time_base
        pts = max(round(frame.pts / time_base), self._last.get(-1, round(frame.pts / time_base) - 1) + 1)
        encoded.pts, encoded.time_base = pts, time_base
        encoded.duration = round(frame.duration / time_base)
        self._last[-1] = pts
        self._container.mux(self._video.encode(encoded))

    def copy(self, packet: Packet) -> None:
        """Write a packet of another track of the source; those before the first frame wait for it."""
        if packet.dts is None and packet.pts is None:  # the end of it
            return
        if self._video is None:
            self._early.append(packet)
            return
        index = packet.stream_index
        begins = round(self._source.begins / packet.time_base)
        if self._is_cut_off(packet, begins):
            return
        written = self._copies[index].packet(packet)
        if written is None:
            return
        packet = written
        dts = (packet.dts if packet.dts is not None else packet.pts or 0) - begins
        dts = max(dts, self._last.get(index, dts - 1) + 1)  # as damage leaves them in disorder
        packet.pts = dts if packet.pts is None else max(packet.pts - begins, dts)
        packet.dts = self._last[index] = dts
        packet.stream = self._copies[index].stream
        self._container.mux(packet)

    def _is_cut_off(self, packet: Packet, begins: int) -> bool:
        """Whether it is of what an MP4 holds and plays to nobody, before it begins: other formats would."""
        if packet.pts is None or self._container.format.name in _EDITED:
            return False
        return (packet.pts - begins + (packet.duration or 0)) * packet.time_base < -_LEAD_IN

    def finish(self) -> None:
        """Write what the encoder still holds back."""
        if self._video is not None:
            self._container.mux(self._video.encode())

    def notes(self) -> list[str]:
        """What of the source is not in it, and why: a sentence each."""
        return [f"{self._name}: {note}" for note in self._left_out]

    def _begin(self, frame: Frame, width: int, height: int, *, odd: bool) -> VideoStream:
        source = self._source.stream
        rate = source.average_rate or 25
        form = self._container.format.name
        video = self._container.add_stream("libvpx-vp9" if form == "webm" else "h264", rate=rate)
        wide = width
        if form == "webm" and frame.look.aspect:  # where PyAV's VP9 says no shape of pixels
            wide = max(2, round(width * frame.look.aspect / 2) * 2)
        video.width, video.height, video.pix_fmt = wide, height, "yuv420p"
        context = video.codec_context
        context.time_base = 1 / Fraction(rate) if form in _FIXED_RATE else source.time_base or _TICKS
        context.sample_aspect_ratio = Fraction(1) if form == "webm" else frame.look.aspect or Fraction(0)
        context.flags |= 1 << 8  # AV_CODEC_FLAG_FRAME_DURATION: the last frame is shown as long as it was
        frame.look.mark(context)
        video.options = {"crf": "18", **({"b": "0"} if form == "webm" else {})}
        if form in _FIXED_RATE:
            video.options["bf"] = "0"
        self._copies = begin_copies(self._container, self.copied)
        describe(self._container, video, self._source)
        self._left_out += [*frame.look.notes, *(["its last odd line or column is cut off"] if odd else [])]
        if wide != width:
            self._left_out.append(
                f"its pixels of {frame.look.aspect} become square, {wide} to a line instead of {width}"
            )
        early, self._early = self._early, []
        self._video = video
        for packet in early:
            self.copy(packet)
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
            container = av.open(as_file(part), "w")
            stack.callback(_close_quietly, container)
            writer = VideoWriter(container, source, Path(path).name)
            yield writer
            writer.finish()
            container.close()
        except (av.error.FFmpegError, ValueError) as error:
            if isinstance(error, InvalidInput):
                raise
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
            sounds = [
                track.codec_context.name for track in source.container.streams.audio if track.codec_context
            ]
            instead = ".mkv" if Path(path).suffix.lower() == ".mp4" else ".mp4"
            raise InvalidInput(
                f"{path} can't be written, with {' and '.join(sounds) or 'no'} sound: {error}; try {instead}"
            ) from error


def _close_quietly(container: av.container.OutputContainer) -> None:
    with suppress(Exception):  # half a file can't be ended properly, and is about to be deleted
        container.close()
