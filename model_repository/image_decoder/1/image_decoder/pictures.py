"""A file's bytes -> upright RGB pixels; what is in the header is checked before anything is made of it."""

import io
import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from image_decoder.colors import in_srgb
from image_decoder.scaling import fit

Pixels = NDArray[np.uint8]

LARGEST = 40_000_000
"""Pixels of a picture that is taken; 8K has 33,177,600. Decoding such a one takes about 0.2 GB."""
LONGEST_SIDE = 32_767
"""OpenCV addresses pixels of one line with 16 bits."""
LONGEST_FRAME = 3840
"""The longer side of frames; what is larger is made smaller while it is decoded."""
MOST_SCANS = 100
"""Of a progressive JPEG; cameras and tools write about ten. Each goes over the whole picture, however few
bytes it has: without a limit a file of 1 MB can keep a decoder busy for minutes."""
BACKGROUND = "white"
"""What shows through transparent pixels: as on a page, and dark hair keeps its outline."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's limit is replaced by ours

_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
_GAP = rb"(?:\s|#[^\n]*\n)+"
_PPM = re.compile(rb"P6" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,5})\s")
_NETPBM = tuple(b"P%d" % kind for kind in range(1, 8))
_JPEG, _END, _SCAN = b"\xff\xd8\xff", 0xD9, 0xDA
_FOREIGN = (
    (re.compile(rb"....ftyp(?:hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL), "a HEIC (HEIF)"),
    (re.compile(rb"....ftypcrx ", re.DOTALL), "a camera's RAW"),
    (re.compile(rb"....ftyp(?!avi[fs]).{4}", re.DOTALL), "an MP4 or MOV"),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL "), "a JPEG XL"),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000"),
    (re.compile(rb"FUJIFILMCCD-RAW|II\x2a\x00....CR", re.DOTALL), "a camera's RAW"),
    (re.compile(rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]"), "a TIFF (or a camera's RAW)"),
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "a BMP"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"8BPS"), "a Photoshop"),
    (re.compile(rb"\x00\x00\x01\x00"), "an ICO"),
    (
        re.compile(rb"\s{0,9}(?:<\?xml[^>]{0,200}>\s{0,9})?(?:<!DOCTYPE svg[^>]{0,300}>\s{0,9})?<svg"),
        "an SVG",
    ),
    (re.compile(rb"\s{0,9}<(?:!doctype )?html", re.IGNORECASE), "an HTML"),
)
"""How files begin that are whole and good, and not taken: who sent one is told what it is."""
_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])")
"""Of a JPEG's segments that have a length, and of its end; what is left out has none, or is data."""
_ORIENTATION = 0x0112
_TURNS: dict[int, tuple[bool, int | None]] = {
    # EXIF's orientation -> whether to mirror left to right, and how to turn afterwards
    2: (True, None),
    3: (False, cv2.ROTATE_180),
    4: (True, cv2.ROTATE_180),
    5: (True, cv2.ROTATE_90_COUNTERCLOCKWISE),
    6: (False, cv2.ROTATE_90_CLOCKWISE),
    7: (True, cv2.ROTATE_90_CLOCKWISE),
    8: (False, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
_ON_ITS_SIDE = (5, 6, 7, 8)


class PictureError(ValueError):
    """The picture cannot be taken; the message says why and what would be right."""


@dataclass(frozen=True)
class Picture:
    """An upright picture: pixels [H,W,3], at most LONGEST_FRAME long, and the size it was sent in."""

    frame: Pixels
    width: int
    height: int


def decode(data: bytes) -> Picture:
    """The picture in a JPEG, PNG, WebP, AVIF or binary PPM file, its first frame where it is animated.

    In sRGB, whatever profile it has.

    Raises:
        PictureError: it is anything else, broken, or over LARGEST or LONGEST_SIDE.
    """
    if not data:
        raise PictureError("image is empty; send the bytes of a JPEG, PNG, WebP, AVIF or PPM (P6) file")
    pixels, width, height, orientation = _raw(data) if data.startswith(_NETPBM) else _compressed(data)
    frame = _upright(fit(pixels, LONGEST_FRAME), orientation)
    return Picture(frame, height, width) if orientation in _ON_ITS_SIDE else Picture(frame, width, height)


def _raw(data: bytes) -> tuple[Pixels, int, int, int]:
    """A binary PPM, without a copy of its pixels (https://netpbm.sourceforge.net/doc/ppm.html)."""
    header = _PPM.match(data[:1024])
    if header is None:
        raise PictureError("image starts like a PPM file but not with P6, width, height and 255")
    width, height, depth = map(int, header.groups())
    if depth != 255:
        raise PictureError(f"image is a PPM with values up to {depth}; send 8 bits, values up to 255")
    _check_size(width, height)
    there, needed = len(data) - header.end(), width * height * 3
    if there < needed:
        raise PictureError(f"image is cut off: {there} of the {needed} bytes of a {width} x {height} PPM")
    pixels = np.frombuffer(data, np.uint8, needed, header.end())
    return pixels.reshape(height, width, 3), width, height, 1


def _compressed(data: bytes) -> tuple[Pixels, int, int, int]:
    """Pixels, size as stored, and EXIF orientation."""
    if data.startswith(_JPEG):
        _check_scans(data)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            _check_size(width, height)
            scale = LONGEST_FRAME / max(width, height)
            if scale < 1:  # a JPEG can be decoded to a half, a quarter or an eighth of its size
                image.draft(None, (round(width * scale), round(height * scale)))
            return _rgb(image), width, height, _orientation(image)
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        for beginning, what in _FOREIGN:
            if beginning.match(data[:4096]):
                raise PictureError(
                    f"image is {what} file: convert it to JPEG, PNG or WebP, as with ffmpeg or ImageMagick"
                ) from None
        raise PictureError(
            "image is no JPEG, PNG, WebP, AVIF or PPM (P6) file, or its header is broken"
        ) from None
    except Exception as error:  # whatever a decoder raises over a broken file is the file's fault
        raise PictureError(f"image is broken or cut off: {error}") from error


def _check_size(width: int, height: int) -> None:
    if not (width and height):
        raise PictureError(f"image has {width} x {height} pixels; it needs at least one")
    if width * height > LARGEST or max(width, height) > LONGEST_SIDE:
        raise PictureError(
            f"image has {width} x {height} pixels; at most {LARGEST} in all, {LONGEST_SIDE} a side, are taken"
        )


def _check_scans(data: bytes) -> None:
    """See that a JPEG has no more than MOST_SCANS, found by its markers up to its end.

    Raises:
        PictureError: it has more.
    """
    scans, at = 0, 2
    while (marker := _MARKER.search(data, at)) and (kind := marker[1][0]) != _END:
        scans += kind == _SCAN
        if scans > MOST_SCANS:
            raise PictureError(f"image is a JPEG of more than {MOST_SCANS} scans; write it again with fewer")
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")


def _rgb(image: Image.Image) -> Pixels:
    """8 bits sRGB. Gray of 16 bits is scaled: Pillow's own conversion clips it."""
    if image.mode.startswith("I"):
        gray = ((np.asarray(image).astype(np.uint32) + 128) // 257).astype(np.uint8)
        return np.repeat(gray[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        seen_through = in_srgb(image.convert("RGBA"))
        image = Image.new("RGB", seen_through.size, BACKGROUND)
        image.paste(seen_through, mask=seen_through)
        return np.asarray(image)
    # Pillow has already freed CMYK from Adobe's inversion.
    image = in_srgb(image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    mirror, turn = _TURNS.get(orientation, (False, None))
    mirrored = np.asarray(cv2.flip(pixels, 1), np.uint8) if mirror else pixels
    return mirrored if turn is None else np.asarray(cv2.rotate(mirrored, turn), np.uint8)


def _orientation(image: Image.Image) -> int:
    """EXIF's, after the pixels are loaded; 1 (upright) where it has none that can be read."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # the pixels are good, and many tools write EXIF that is not
        return 1
