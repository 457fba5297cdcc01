"""Pictures on their way in and out: what can be sent, checked early; raw RGB as PPM (P6)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._config import MAX_PICTURE_BYTES
from ._errors import InvalidInput

Pixels: TypeAlias = NDArray[np.uint8]
"""Upright RGB [height, width, 3]."""

Picture: TypeAlias = Pixels | bytes | str | os.PathLike[str]
"""An array, the bytes of a JPEG, PNG, WebP, AVIF or PPM file, or the path of one."""

_PPM_HEADER = re.compile(rb"P6\s+(\d{1,6})\s+(\d{1,6})\s+255\s")


def picture_bytes(picture: Picture) -> bytes:
    """What is sent for `picture`: the file as it is, an array as PPM, which keeps every pixel.

    Raises:
        InvalidInput: not a picture that can be sent; whether a file's bytes are one is for the server to say.
    """
    if isinstance(picture, np.ndarray):
        return _ppm(picture)
    if isinstance(picture, bytes):
        data, what = picture, "the picture"
    elif isinstance(picture, str | os.PathLike):
        data, what = _read(Path(picture)), f"{picture}"
    else:
        raise InvalidInput(
            f"a picture is a {type(picture).__name__}: expected a path, bytes, or uint8 [height, width, 3]"
        )
    if not data:
        raise InvalidInput(f"{what} is empty: expected the bytes of a JPEG, PNG, WebP, AVIF or PPM file")
    return _checked_size(data, len(data), what)


def pixels_of_ppm(data: bytes) -> Pixels:
    """The pixels [height, width, 3] of a binary PPM with 8 bits a channel and no comments.

    Raises:
        InvalidInput: it is another format.
    """
    header = _PPM_HEADER.match(data)
    width, height = map(int, header.groups()) if header else (0, 0)
    if header is None or len(data) - header.end() != width * height * 3:
        raise InvalidInput(f"{len(data)} bytes that begin with {data[:8]!r} are no PPM (P6) of 8 bits")
    return np.frombuffer(data, np.uint8, offset=header.end()).reshape(height, width, 3)


def _ppm(pixels: NDArray[np.generic]) -> bytes:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InvalidInput(
            f"a picture is {pixels.dtype} {list(pixels.shape)}: expected uint8 RGB [height, width, 3]"
        )
    height, width, _ = pixels.shape
    _checked_size(b"", pixels.nbytes, "the picture")
    return b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise InvalidInput(f"{path} is not a file")
    try:
        with path.open("rb") as file:
            return file.read(MAX_PICTURE_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}") from error


def _checked_size(data: bytes, size: int, what: str) -> bytes:
    if size > MAX_PICTURE_BYTES:
        raise InvalidInput(f"{what} has more than {MAX_PICTURE_BYTES >> 20} MiB: make it smaller")
    return data
