"""Picture files for the command line, through the extra `liveroom[pictures]`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from .._errors import InvalidInput
from .._files import replacing
from .._picture import Pixels

VIDEOS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".flv", ".mpg", ".mpeg", ".ogv", ".wmv"}
)
"""Endings of files that are read as video; everything else is sent as a picture."""

FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".ppm": "ppm"}
"""Endings of pictures that can be written, and what `studio` calls them."""


def is_video(path: str | Path) -> bool:
    """Whether the name ends like a video's."""
    return Path(path).suffix.lower() in VIDEOS


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
            if image.mode.startswith("I"):  # 16 bits, which convert() would clip
                grey = (np.asarray(image).astype(np.uint32) // 257).astype(np.uint8)
                return np.repeat(grey[:, :, None], 3, axis=2)
            if image.has_transparency_data:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image)
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path} can't be drawn on: {error}") from error


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
