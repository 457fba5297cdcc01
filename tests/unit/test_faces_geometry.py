"""Cutting squares out of frames and coming back: at borders, turned, shrunk, and where there is no face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from faces.anatomy import CHIP, EXPRESSION_VIEW, chip, expression_view, landmarks
from faces.detection import DETECTORS, SURE, clipped, distinct
from faces.frame import Frame
from faces.geometry import Levels, Similarity

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
SIZES = [(640, 480), (480, 640), (641, 357), (1920, 1080), (176, 144), (400, 2000), (1, 1), (2560, 1440)]


def disc(width: int, height: int, x: float, y: float, radius: float) -> Pixels:
    """White on black, with a soft edge."""
    rows, columns = np.mgrid[0:height, 0:width]
    far = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
    return np.repeat((255 * np.clip(radius - far + 0.5, 0, 1))[:, :, None], 3, axis=2).astype(np.uint8)


def middle(pixels: Pixels) -> Floats:
    """Center of gravity, x and y."""
    weight = pixels[:, :, 0].astype(float)
    rows, columns = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]]
    total = weight.sum()
    sums = [(weight * (columns + 0.5)).sum(), (weight * (rows + 0.5)).sum()]
    return np.asarray(np.array(sums) / total, np.float32)


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_a_detector_sees_is_found_again(name: str, width: int, height: int) -> None:
    detector = DETECTORS[name]
    x, y, radius = 0.7 * width, 0.4 * height, max(0.1 * min(width, height), 0.02 * max(width, height))
    view = detector.view(Levels(disc(width, height, x, y, radius)))
    sides = view.pixels.shape[:2]
    if detector.multiple:
        assert not any(side % detector.multiple for side in sides)
        assert max(sides) <= detector.side
    else:
        assert sides == (detector.side, detector.side)
    if min(width, height) > 1:
        there = view.in_frame(middle(view.pixels) / np.array(sides[::-1], np.float32))
        pixel = max(width, height) / detector.side  # of the view, in the frame
        assert np.abs(there - (x, y)).max() < 0.2 * max(pixel, 1)


def test_an_upright_crop_of_a_turned_picture() -> None:
    upright = np.maximum(disc(300, 300, 120, 150, 20) // 2, disc(300, 300, 190, 130, 10))
    angle = np.exp(0.5j)
    turned = Levels(upright).cut(Similarity.square(150 + 150j, 300, 1 / angle, 300), 300, 300)
    back = Levels(turned).cut(Similarity.square(150 + 150j, 200, angle, 100), 100, 100)
    straight = Levels(upright).cut(Similarity.square(150 + 150j, 200, 1, 100), 100, 100)
    assert np.abs(back.astype(int) - straight).max() < 80, "edges are blurred by turning, no more"
    assert np.abs(back.astype(int) - straight).mean() < 0.5


def test_beyond_the_border() -> None:
    levels = Levels(np.full((40, 60, 3), 200, np.uint8))
    corner = Similarity.square(60 + 40j, 20, 1, 20)
    black = levels.cut(corner, 20, 20)
    assert (black[:9, :9] == 200).all()
    assert (black[11:] == 0).all()
    assert (black[:, 11:] == 0).all()
    assert (levels.cut(corner, 20, 20, replicate=True) == 200).all()
    assert (levels.cut(Similarity.square(500 + 500j, 20, 1, 20), 20, 20) == 0).all()


def test_a_crop_of_a_large_face_skips_no_pixels() -> None:
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 200
    crop = Levels(stripes).cut(Similarity.square(500 + 500j, 900, 1, 150), 150, 150)
    assert np.abs(crop.astype(int) - 100).max() <= 1


def test_a_frame_of_the_right_size_is_not_copied() -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    assert DETECTORS["centerface"].view(Levels(frame)).pixels is frame


def test_the_similarity_between_points() -> None:
    points = np.random.default_rng(0).uniform(0, 150, (5, 2)).astype(np.float32)
    there = Similarity(2 * np.exp(0.7j), 30 - 4j)
    found = Similarity.between(points, there(points))
    assert abs(found.factor - there.factor) < 1e-4
    assert abs(found.offset - there.offset) < 1e-2
    assert np.abs(there(points) - found(points)).max() < 1e-3
    one_place = np.full((5, 2), 7, np.float32)
    assert np.isfinite(Similarity.between(one_place, points)(points)).all()


def test_copies_of_better_boxes_are_left_out() -> None:
    boxes = np.array(
        [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [8, 0, 18, 10], [0, 0, 0, 0]], np.float32
    )
    assert distinct(boxes, 0.3) == [0, 2, 3, 4]
    assert distinct(boxes[:0], 0.3) == []


def test_faces_are_the_likeliest_and_in_the_frame() -> None:
    detector = DETECTORS["blazeface"]
    view = detector.view(Levels(np.zeros((96, 192, 3), np.uint8)))
    boxes = np.array([[0.1, 0.3, 0.2, 0.4], [0.5, 0.3, 0.6, 0.4], [0.8, 0.3, 1.1, 0.6]], np.float32)
    scores = np.array([SURE - 0.01, 0.5, 0.9], np.float32)
    points = np.tile(boxes[:, None, :2], (1, 6, 1))
    found = detector.candidates(view, boxes, scores, points, 10)
    assert [round(face.score, 2) for face in found] == [0.9, 0.5]
    assert np.allclose(found[1].box, [96, 9.6, 115.2, 28.8], atol=1e-3), "the frame is in the view's middle"
    assert np.allclose(clipped(found[0].box, 192, 96), [153.6, 9.6, 192, 67.2], atol=1e-3)
    assert len(detector.candidates(view, boxes, scores, points, 1)) == 1


def face(turn: complex) -> Floats:
    """A mesh of which the named points lie as in a face of 100 pixels around (200, 200), the rest between."""
    mesh = np.random.default_rng(0).uniform(-40, 40, (468, 3)).astype(np.float32)
    named = {33: (-35, -20), 133: (-12, -20), 362: (12, -20), 263: (35, -20)}
    named |= {1: (0, 5), 2: (0, 12), 61: (-20, 25), 291: (20, 25), 10: (0, -50), 152: (0, 50)}
    for point, place in named.items():
        mesh[point, :2] = place
    turned = (mesh[:, 0] + 1j * mesh[:, 1]) * turn
    mesh[:, 0], mesh[:, 1] = turned.real + 200, turned.imag + 200
    return mesh


@pytest.mark.parametrize("turn", [1, np.exp(0.5j), np.exp(-2j)])
def test_crops_of_a_face_are_upright(turn: complex) -> None:
    mesh = face(turn)
    five = landmarks(mesh)
    places = np.array([-23.5 - 20j, 23.5 - 20j, 5j, -20 + 25j, 20 + 25j]) * turn + 200 + 200j
    assert np.allclose(five[:, 0] + 1j * five[:, 1], places, atol=1e-3)
    for crop, side in ((chip(mesh), CHIP), (expression_view(mesh), EXPRESSION_VIEW)):
        direction = crop.factor / abs(crop.factor)
        assert abs(direction - turn) < 1e-3
        assert abs(crop.factor * complex(side, side) / 2 + crop.offset - (200 + 200j)) < 20
    assert abs(expression_view(mesh).factor) * EXPRESSION_VIEW == pytest.approx(110, abs=0.1)


def test_a_frame_without_faces_and_one_without_pixels() -> None:
    nothing = Frame(np.zeros((48, 64, 3), np.uint8), (64, 48), lambda model, images, outputs: []).describe([])
    shapes = {name: array.shape for name, array in nothing.items()}
    assert shapes == {"boxes": (0, 4), "scores": (0,), "landmarks": (0, 5, 2), "meshes": (0, 468, 3)}
    with pytest.raises(ValueError, match=r"frame has shape \[0, 64, 3\], size is \[64, 48\]"):
        Frame(np.zeros((0, 64, 3), np.uint8), (64, 48), lambda model, images, outputs: [])
