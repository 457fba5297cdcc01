"""Clips of people as rooms send them: frames cut to a size, as JPEG."""

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from evaluation import pictures
from evaluation.pictures import Image
from tooling.sources import Library

CLIPS: Mapping[str, Callable[[Library], Path]] = {
    "talking_head": pictures.talking_head,
    "expressive_head": pictures.expressive_head,
    "smiling_head": pictures.smiling_head,
}
HEADS = {"talking_head": 0.45, "expressive_head": 0.7, "smiling_head": 0.45}
"""Where in the width of a clip its face is."""
QUALITY = 85
"""Of JPEG, about what cameras of telephones send."""
RATE = 30
"""Frames a second of the clips, about."""


def jpegs(
    clip: str, library: Library, per_second: float, size: tuple[int, int], quality: int = QUALITY
) -> list[bytes]:
    """About so many frames a second of a clip of CLIPS, each of `size` (width, height), as JPEG files."""
    step = max(1, round(RATE / per_second))
    images = pictures.frames(CLIPS[clip](library), step)
    return [jpeg(cut(image, size, HEADS[clip]), quality) for image in images]


def jpeg(image: Image, quality: int = QUALITY) -> bytes:
    """An RGB picture [H,W,3] as a JPEG file."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise RuntimeError(f"a picture of {image.shape[1]} x {image.shape[0]} could not be written as JPEG")
    return bytes(data.tobytes())


def cut(image: Image, size: tuple[int, int], at: float = 0.5) -> Image:
    """The largest part of a picture that is shaped like `size`, around `at` of its width, in that size."""
    height, width = image.shape[:2]
    wide, tall = min(width, height * size[0] // size[1]), min(height, width * size[1] // size[0])
    left, top = min(max(round(at * width - wide / 2), 0), width - wide), (height - tall) // 2
    part = image[top : top + tall, left : left + wide]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)
