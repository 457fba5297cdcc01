"""Sound files that were joined byte by byte: whether a second one stands behind the first."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

_CHUNKS = {b"RIFF": "little", b"RF64": "little", b"FORM": "big"}
"""Formats that say how long they are, and in which order of bytes (WAV, AIFF)."""
_ON, _BEGINS = re.compile(rb"OggS\0[\0\1\4\5]"), re.compile(rb"OggS\0[\2\3\6]")
"""Pages of an OGG (RFC 3533): one in a stream, and the first of one, which may stand beside others."""
_LENGTH = re.compile(rb"\xff[\xe0-\xff](?:.{2})(?:.{9}|.{17}|.{32})(?:Xing|Info)", re.DOTALL)
"""An MP3's first frame, which says how many follow: behind a header, and side information of three sizes."""


def is_chunked(path: Path) -> bool:
    """Whether it is of a format whose players stop where its header says: WAV or AIFF."""
    with path.open("rb") as file:
        return file.read(4) in _CHUNKS


def is_joined(path: Path) -> bool:
    """Whether another file of its format stands behind it (WAV, AIFF, FLAC, OGG, MP3)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        kind = held[:4]
        if order := _CHUNKS.get(kind):
            size = int.from_bytes(held[4:8], "big" if order == "big" else "little")
            return kind in held[8 + size : 8 + size + 5]  # behind a byte that makes it even, perhaps
        if kind == b"fLaC":
            return held.find(held[:8], 8) > 0  # with the header of STREAMINFO, which comes first
        if kind == b"OggS":
            on = _ON.search(held)
            return bool(on and _BEGINS.search(held, on.end()))
        return len(_LENGTH.findall(held)) > 1
