"""What a video has beside its pictures: sound, subtitles, chapters, titles; which of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._subtitles import Converter, kind_for

if TYPE_CHECKING:
    import av
    from av.stream import Stream
    from av.video.stream import VideoStream

    from ._video import Packet, VideoFile

_SUBTITLES = {
    "mp4": ("mov_text",),
    "mov": ("mov_text",),
    "ipod": ("mov_text",),
    "matroska": ("subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"),
    "webm": ("webvtt",),
    "mpegts": ("dvb_subtitle", "dvb_teletext"),
}
"""Subtitles that can be copied, by what FFmpeg calls the format they are copied to."""

_OWN = ("encoder", "major_brand", "minor_version", "compatible_brands", "duration", "rotate", "vendor_id")
"""Metadata that is about the file, not the recording: the new one has its own."""


def left_out(source: VideoFile, form: str) -> tuple[list[Stream], list[str]]:
    """The tracks of `source` that are copied to a file of format `form`, and a note for each that is not."""
    copied: list[Stream] = []
    notes: list[str] = []
    for stream in source.container.streams:
        if stream is source.stream or stream.index == source.stream.index:
            continue
        what = _named(stream)
        if stream.type == "audio":
            copied.append(stream)
        elif stream.type == "video":
            notes.append(f"{what} is left out: only the pictures that are shown are edited")
        elif stream.type == "subtitle":
            taken = _SUBTITLES.get(form, ())
            codec = codec_of(stream)
            if codec in taken:
                copied.append(stream)
            elif kind := kind_for(codec, form):
                copied.append(stream)
                if codec in ("ass", "ssa"):
                    notes.append(f"{what} becomes {kind}: where and how its lines are shown is left out")
            else:
                notes.append(f"{what} is left out: {form} takes {', '.join(taken) or 'no subtitles'}")
        elif stream.type == "attachment" and form == "matroska":
            copied.append(stream)
        else:
            notes.append(f"{what} is left out: it is neither pictures, sound nor subtitles")
    if any(_is_place(key) for key in source.container.metadata):
        notes.append("the place where it was taken is left out")
    return copied, notes


class Copy:
    """A track in a new file: as it was, or as what it becomes where that takes only its own kind."""

    def __init__(self, container: av.container.OutputContainer, track: Stream) -> None:
        codec, form = codec_of(track), container.format.name
        kind = kind_for(codec, form) if track.type == "subtitle" and codec not in _SUBTITLES[form] else None
        self._converter = Converter(container, track, kind) if kind else None
        self.stream = self._converter.stream if self._converter else container.add_stream_from_template(track)

    def packet(self, packet: Packet) -> Packet | None:
        """What is written for a packet of the old track, if anything."""
        return self._converter.converted(packet) if self._converter else packet


def codec_of(stream: Stream) -> str:
    """What FFmpeg calls the codec; "" where it knows none."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else ""


def begin_copies(container: av.container.OutputContainer, tracks: Sequence[Stream]) -> dict[int, Copy]:
    """New streams for `tracks`, with their languages and titles, by their numbers in the source.

    Raises:
        ValueError: the format can't hold one.
    """
    copies: dict[int, Copy] = {}
    for track in tracks:
        copy = Copy(container, track)
        copy.stream.metadata.update(_kept(track.metadata))
        copy.stream.disposition = track.disposition
        copies[track.index] = copy
    return copies


def describe(container: av.container.OutputContainer, video: VideoStream, source: VideoFile) -> None:
    """Give a new file, and its pictures, the titles and chapters of the old one."""
    container.metadata.update(_kept(source.container.metadata))
    video.metadata.update(_kept(source.stream.metadata))
    container.set_chapters(source.container.chapters())


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    """Without what mkvmerge counted of the old file, in capitals, and without a place."""
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in _OWN
        and not _is_place(key)
        and not key.startswith(("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS"))
    }


def _is_place(key: str) -> bool:
    return "location" in key.lower()


def _named(stream: Stream) -> str:
    """Such as "subtitle track 3 (eng, subrip)"."""
    about = ", ".join(part for part in (stream.metadata.get("language"), codec_of(stream)) if part)
    return f"{stream.type} track {stream.index}" + (f" ({about})" if about else "")
