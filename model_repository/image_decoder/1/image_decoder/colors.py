"""Colors as a picture's ICC profile has them -> the same in sRGB, as pictures without one are in."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK", "L": "GRAY"}
"""Pillow's modes -> the color space of a profile that can be theirs."""
_SAME = 2
"""Levels by which colors may differ where a profile is sRGB in other words, as most cameras' are."""
_STEPS = np.linspace(0, 255, 9).astype(np.uint8)


def in_srgb(image: Image.Image) -> Image.Image:
    """`image` in sRGB, RGB or RGBA, by its profile; as it is where it has none that can be its own.

    As browsers do, a profile that is broken or of another kind of colors is not believed.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    transform = _transform(profile, image.mode)
    return image if transform is None else ImageCms.applyTransform(image, transform) or image


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB, for pictures of `mode`; None where nothing is to be done."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode not in _SPACES or source.profile.xcolor_space != _SPACES[mode]:
            return None
        shown = "RGBA" if mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, shown)
        return None if mode in ("RGB", "RGBA") and _changes_nothing(source) else transform
    except (ImageCms.PyCMSError, OSError):
        return None


def _changes_nothing(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether the profile's colors are those of sRGB."""
    grid = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(27, 27, 3)
    shown = ImageCms.profileToProfile(
        Image.fromarray(grid), source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    return shown is not None and bool(np.abs(np.asarray(shown).astype(int) - grid).max() <= _SAME)
