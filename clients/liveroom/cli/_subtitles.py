"""Subtitles of one kind of text as another, where a container takes only its own (PyAV)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import av
    from av.stream import Stream
    from av.subtitles.codeccontext import SubtitleCodecContext

    from ._video import Packet

_TEXT = ("subrip", "ass", "ssa", "webvtt", "mov_text", "text")
_OWN = {"mp4": "mov_text", "mov": "mov_text", "ipod": "mov_text", "matroska": "subrip", "webm": "webvtt"}
"""Formats by what FFmpeg calls them -> the subtitles that it writes into them."""


def kind_for(codec: str, form: str) -> str | None:
    """What subtitles in `codec` become in a file of format `form`; None where they cannot be written."""
    return _OWN.get(form) if codec in _TEXT else None


class Converter:
    """Writes the lines of one track as another kind of text; their times stay."""

    def __init__(self, container: av.container.OutputContainer, track: Stream, kind: str) -> None:
        self._decoder = cast("SubtitleCodecContext", track.codec_context)
        self._decoder.open(strict=False)
        self.stream: Stream = container.add_stream(kind)
        self._encoder = cast("SubtitleCodecContext", self.stream.codec_context)
        self._encoder.subtitle_header = self._decoder.subtitle_header
        if track.time_base:
            self._encoder.time_base = track.time_base

    def converted(self, packet: Packet) -> Packet | None:
        """The packet of the new track; None where it shows nothing, as between two lines of an MP4."""
        from av.subtitles.subtitle import AssSubtitle, SubtitleSet  # noqa: PLC0415 - an optional extra

        shown = self._decoder.decode2(packet)
        lines = [line for line in shown or () if isinstance(line, AssSubtitle)]
        if not lines:
            return None
        text = b"\\N".join([lines[0].ass, *(line.dialogue for line in lines[1:])])
        made = self._encoder.encode_subtitle(SubtitleSet.create(text, 0, packet.duration or 0))
        made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
        made.time_base = packet.time_base
        return made
