"""Pictures as files again: JPEG, PNG, WebP or raw RGB (PPM), upright, 8 bits, without transparency."""

from __future__ import annotations

import cv2

from effects.raster import Pixels

PNG_COMPRESSION = 1
"""Of zlib: a live frame is worth more bytes than milliseconds."""
SIGNATURES = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "webp": b"RIFF", "ppm": b"P6"}


def format_of(data: bytes) -> str:
    """What an encoded picture is, by its first bytes: jpeg, png, webp or ppm; png for anything else."""
    return next((name for name, start in SIGNATURES.items() if data.startswith(start)), "png")


def encode(frame: Pixels, kind: str, quality: int) -> bytes:
    """The file of `frame` [H, W, 3], RGB. `kind` is a key of SIGNATURES, `quality` 1 to 100 (JPEG, WebP)."""
    if kind == "ppm":
        height, width = frame.shape[:2]
        return b"P6\n%d %d\n255\n" % (width, height) + frame.tobytes()
    options = {
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        "png": [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
    }[kind]
    done, data = cv2.imencode(f".{kind}", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise RuntimeError(f"a picture of {frame.shape[1]} x {frame.shape[0]} could not be written as {kind}")
    encoded: bytes = data.tobytes()
    return encoded
