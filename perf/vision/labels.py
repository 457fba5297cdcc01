"""Photos and frames of clips with the places of their faces, framed as rooms show them."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from evaluation import pictures
from evaluation.pictures import Image
from exporters.onnx_tools import Floats
from perf.load.video import CLIPS
from tooling.sources import Library

SIZE = (640, 480)
"""Width and height of all frames."""
LIVE, GROUP, NOBODY = "one host", "group", "nobody"
_FILE = Path(__file__).with_name("faces.toml")

Box = Sequence[float]


@dataclass(frozen=True, eq=False)
class Labeled:
    """A frame [480,640,3] and its faces.

    Attributes:
        name: of the photo, or of the clip and its frame.
        framing: LIVE, GROUP or NOBODY.
        boxes: x1, y1, x2, y2 in pixels [N,4], from left to right in photos.
        people: whose they are, see `pictures.Photo`; "" in clips.
    """

    name: str
    framing: str
    image: Image
    boxes: Floats
    people: tuple[str, ...]


def labeled(library: Library, share: float = 1.0) -> list[Labeled]:
    """Every photo and some frames of each clip, in SIZE.

    Args:
        library: for the pictures.
        share: how large the picture is in its frame; what is left is black.
    """
    return [
        Labeled(name, framing, *_framed(image, boxes, share), people)
        for name, framing, image, boxes, people in (*_photos(library), *_clips(library))
    ]


def face_boxes(photo: pictures.Photo, image: Image) -> Floats:
    """The faces of a photo in its own pixels [N,4], from left to right as `photo.people`."""
    height, width = image.shape[:2]
    known = cast("dict[str, list[Box]]", _table("photos")).get(photo.name, [])
    return np.array(known, np.float32).reshape(-1, 4) * np.array([width, height] * 2, np.float32)


def _photos(library: Library) -> Iterator[tuple[str, str, Image, Floats, tuple[str, ...]]]:
    for photo in pictures.photos(library):
        image = pictures.read_image(photo.path)
        framing = NOBODY if not photo.faces else LIVE if photo.faces == 1 else GROUP
        yield photo.name, framing, image, face_boxes(photo, image), photo.people


def _clips(library: Library) -> Iterator[tuple[str, str, Image, Floats, tuple[str, ...]]]:
    for clip, rows in cast("dict[str, list[list[float]]]", _table("clips")).items():
        boxes = {int(number): box for number, *box in rows}
        for number, image in enumerate(pictures.frames(CLIPS[clip](library))):
            if number in boxes:
                height, width = image.shape[:2]
                box = np.array([boxes[number]], np.float32) * np.array([width, height] * 2, np.float32)
                yield f"{clip} {number}", LIVE, image, box, ("",)


def _framed(image: Image, boxes: Floats, share: float) -> tuple[Image, Floats]:
    """The picture as large as fits into `share` of SIZE, in the middle, and its boxes there."""
    height, width = image.shape[:2]
    scale = share * min(SIZE[0] / width, SIZE[1] / height)
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = ((whole - part) // 2 for whole, part in zip(SIZE, shown, strict=True))
    frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    smaller = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    frame[top : top + shown[1], left : left + shown[0]] = cv2.resize(image, shown, interpolation=smaller)
    return frame, boxes * np.float32(scale) + np.array([left, top] * 2, np.float32)


@cache
def _table(name: str) -> object:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))[name]
