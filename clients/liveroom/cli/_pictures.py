"""Picture files for the command line, through the extra `liveroom[pictures]`."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._errors import InvalidInput
from .._files import replacing
from .._picture import Pixels

if TYPE_CHECKING:
    from PIL import Image

VIDEOS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv", ".mpg", ".mpeg", ".ogv", ".wmv"}
)
"""Endings of files that are read as video; everything else is sent as a picture."""

FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".ppm": "ppm"}
"""Endings of pictures that can be written, and what `studio` calls them."""


_HEAD = 1 << 16
"""Bytes of a picture in which it says that it is animated."""


def is_video(path: str | Path) -> bool:
    """Whether the name ends like a video's."""
    return Path(path).suffix.lower() in VIDEOS


def is_animated(path: str | Path) -> bool:
    """Whether a WebP, PNG or AVIF has more pictures than the first, which is what the server takes."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except OSError:  # whoever reads it says why
        return False
    webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:21]) and bool(head[20] & 2)
    png = head.startswith(b"\x89PNG") and b"acTL" in head.partition(b"IDAT")[0]
    return webp or png or head[4:12] == b"ftypavis"


def need_extra(error: ImportError) -> InvalidInput:
    """What to say when Pillow or PyAV is missing."""
    return InvalidInput(
        f"drawing pictures and reading video need Pillow and PyAV: install 'liveroom[pictures]' ({error})"
    )


def picture_format(path: str | Path) -> str:
    """What `studio` calls the format that `path` ends with.

    Raises:
        InvalidInput: it ends with none that can be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise InvalidInput(f"{path} ends with {suffix or 'nothing'}: expected one of {', '.join(FORMATS)}")
    return FORMATS[suffix]


def load(path: str | Path) -> Pixels:
    """A picture, upright as the server sees it: RGB [height, width, 3].

    Raises:
        InvalidInput: Pillow is missing, or can't read it.
    """
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise need_extra(error) from error
    try:
        with Image.open(path) as file:
            image: Image.Image = file
            with suppress(Exception):  # broken EXIF: upright, as the server takes it
                image = ImageOps.exif_transpose(file)
            image = _in_srgb(image)
            if image.mode.startswith("I"):  # 16 bits, which convert() would clip
                gray = (np.asarray(image).astype(np.uint32) // 257).astype(np.uint8)
                return np.repeat(gray[:, :, None], 3, axis=2)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image)
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path} can't be drawn on: {error}") from error


def _in_srgb(image: Image.Image) -> Image.Image:
    """In the colors that its ICC profile says, as far as it can be the picture's own."""
    from PIL import ImageCms  # noqa: PLC0415 - an optional extra

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    shown = "RGBA" if image.mode == "RGBA" else "RGB"
    with suppress(ImageCms.PyCMSError, OSError):
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode=shown) or image
    return image


def save(path: str | Path, pixels: Pixels) -> None:
    """Write RGB [height, width, 3] in the format that `path` ends with, whole or not at all.

    Raises:
        InvalidInput: the ending is of no format, or Pillow is missing.
        OSError: it cannot be written.
    """
    form = picture_format(path)
    try:
        from PIL import Image  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise need_extra(error) from error
    with replacing(Path(path)) as part:
        Image.fromarray(pixels).save(part, form, quality=92)
