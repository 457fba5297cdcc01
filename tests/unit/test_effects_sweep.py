"""Faces of every size, in pictures of every shape, upright and turned: how many are left bare."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from effects.anonymize import Watch, covers
from effects.raster import Floats, Pixels
from evaluation.pictures import photos, read_image
from faces.detection import DETECTORS
from faces.frame import Frame
from tests.unit.studio_scenes import looked_out, run, seen

SCALES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.15, 1.3)
"""Longer side of a face, in shorter sides of the picture."""
SHAPES = ((1, 1), (4, 3), (16, 9), (9, 16), (21, 9))
SHORTER = 360
"""Pixels of the shorter side."""
MOST_BARE = {0: 0.025, 45: 0.04, 90: 0.015, 135: 0.04, 180: 0.015}
"""Share of faces that may be, by degrees: most are 18 pixels large."""
MOST_SILENT = 0.03
"""Share of pictures in which one may be without a doubt."""

Shown = tuple[Pixels, list[Floats]]


def pictures(
    names: list[str], scales: tuple[float, ...], degrees: int, shapes: tuple[tuple[int, int], ...]
) -> Iterator[Shown]:
    """Around a face of each photo, a frame and the points [N, 2] of each face that is half in it or more.

    Each scale of a photo has the next of the shapes.
    """
    chosen = [photo for photo in photos() if photo.people and (not names or photo.name in names)]
    for first, photo in enumerate(chosen):
        whole = read_image(photo.path)
        border = max(whole.shape[:2]) // 4  # in which faces at the edge are found
        sides = (border, border), (border, border), (0, 0)
        meshes = seen(np.pad(whole, sides)).meshes[..., :2] - border
        for number, scale in enumerate(scales, start=first):
            shape = shapes[number % len(shapes)]
            yield around(whole, meshes.astype(np.float32), scale, shape, degrees)


def around(whole: Pixels, meshes: Floats, scale: float, shape: tuple[int, int], degrees: int) -> Shown:
    """The first face in the middle; where the photo does not reach its border goes on."""
    width, height = (round(SHORTER * side / min(shape)) for side in shape)
    low, high = meshes[0].min(axis=0), meshes[0].max(axis=0)
    factor = scale * SHORTER / (high - low).max()
    middle = (low + high) / 2
    center = float(middle[0]), float(middle[1])
    matrix = np.asarray(cv2.getRotationMatrix2D(center, degrees, float(factor)), np.float64)
    matrix[:, 2] += np.array([width, height]) / 2 - middle
    placed = meshes @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    fewer = max(1, int(1 / factor))
    small = cv2.resize(whole, None, fx=1 / fewer, fy=1 / fewer, interpolation=cv2.INTER_AREA)
    matrix[:, :2] *= fewer
    frame = cv2.warpAffine(small, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    inside = ((placed >= 0) & (placed < (width, height))).all(axis=2)
    faces = [points[here] for points, here in zip(placed, inside, strict=True) if here.mean() >= 0.5]
    return np.asarray(frame, np.uint8), faces


def bare(shown: Shown) -> tuple[list[bool], bool]:
    """Whether of each face more than 30 % is outside of all that is covered, and whether that is in doubt."""
    frame, faces = shown
    first = Frame(frame, (frame.shape[1], frame.shape[0]), run).find(DETECTORS["blazeface"], 32)
    verdict = looked_out(frame, alone=True)
    hidden = np.array([*verdict.faces, *(face.box for face in first)], np.float32).reshape(-1, 4)
    open_ = [float(np.mean(~covers(hidden, points))) > 0.3 for points in faces]
    return open_, verdict.doubt(hidden, hidden) > 0


def share_of_bare(
    names: list[str], scales: tuple[float, ...], degrees: int, shapes: tuple[tuple[int, int], ...]
) -> tuple[float, float]:
    """Of faces that are bare, and of pictures in which one is without a doubt."""
    found = [bare(shown) for shown in pictures(names, scales, degrees, shapes)]
    silent = [any(each) and not doubtful for each, doubtful in found]
    return float(np.mean([one for each, _ in found for one in each])), float(np.mean(silent))


def test_no_close_face_is_left_bare() -> None:
    assert share_of_bare(["0-f15-hao-ph"], (0.7, 1.0, 1.3), 0, ((1, 1),)) == (0, 0)


def test_no_small_face_upside_down_is_left_bare() -> None:
    assert share_of_bare(["obama3"], (0.05,), 180, ((1, 1),)) == (0, 0)


def test_a_host_who_comes_close_stays_hidden() -> None:
    """From a tenth of the frame's height to more than all of it, as later frames of a room are looked at."""
    watch = Watch()
    comes = pictures(["obama2"], (0.1, 0.15, 0.22, 0.33, 0.5, 0.75, 1.1, 1.4), 0, ((16, 9),))
    for number, (frame, faces) in enumerate(comes):
        first = Frame(frame, (frame.shape[1], frame.shape[0]), run).find(DETECTORS["blazeface"], 32)
        found = [*(face.box for face in first), *looked_out(frame, number).faces]
        boxes = np.array(found, np.float32).reshape(-1, 4)
        hidden = watch.hidden(boxes, np.full(len(boxes), np.inf, np.float32), 0.34)
        assert all(np.mean(covers(hidden, points)) > 0.7 for points in faces), f"frame {number}"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("degrees", sorted(MOST_BARE))
def test_hardly_a_face_of_any_size_in_any_picture_is_left_bare(degrees: int) -> None:
    open_, silent = share_of_bare([], SCALES, degrees, SHAPES)
    print(f"{degrees} degrees: {100 * open_:.1f} % bare, {100 * silent:.1f} % of the pictures silent")
    assert open_ <= MOST_BARE[degrees]
    assert silent <= MOST_SILENT
