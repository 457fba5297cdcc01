"""Stickers: on every face, as large, as turned and as opaque as they should be, and nowhere else."""

import cv2
import numpy as np
import pytest

from effects.mesh import pose
from effects.raster import Floats, Pixels
from effects.stickers import STICKERS, Anchors, apply
from tests.unit import studio_scenes
from tests.unit.studio_scenes import Scene, scene, seen

NAMES = list(STICKERS)


def drawn(shown: Scene, sticker: str) -> Pixels:
    """Where a sticker changes a frame, [H, W] in {0, 255}."""
    edited = apply(shown.frame, shown.meshes, sticker, 1)
    changed = np.abs(edited.astype(int) - shown.frame).max(axis=2) > 8
    return np.where(changed, np.uint8(255), np.uint8(0))


def turned(shown: Scene, degrees: float) -> tuple[Scene, Floats]:
    """A scene turned about the middle of its face, and the transform, [2, 3]."""
    center = shown.meshes[0, :, :2].mean(axis=0)
    matrix = cv2.getRotationMatrix2D((float(center[0]), float(center[1])), degrees, 1)
    size = shown.frame.shape[1], shown.frame.shape[0]
    frame = np.asarray(cv2.warpAffine(shown.frame, matrix, size, borderMode=cv2.BORDER_REFLECT), np.uint8)
    meshes = shown.meshes.copy()
    meshes[..., :2] = meshes[..., :2] @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    return Scene(frame, shown.mask, shown.boxes, meshes), matrix.astype(np.float32)


@pytest.mark.parametrize("sticker", NAMES)
@pytest.mark.parametrize("degrees", [-35, 20, 90])
def test_a_sticker_turns_with_the_face(sticker: str, degrees: float) -> None:
    upright = scene("astronaut")
    other, matrix = turned(upright, degrees)
    size = upright.frame.shape[1], upright.frame.shape[0]
    expected = cv2.warpAffine(drawn(upright, sticker), matrix, size) > 127
    found = drawn(other, sticker) > 127
    assert (expected & found).sum() / (expected | found).sum() > 0.8


def test_a_sticker_follows_the_mesh_of_a_tilted_head_as_the_network_sees_it() -> None:
    upright = scene("astronaut")
    other, matrix = turned(upright, 25)
    looked = seen(other.frame)
    assert len(looked.meshes) == 1
    lies, was = pose(looked.meshes[0]), pose(upright.meshes[0])
    assert (
        abs(
            np.degrees(np.arctan2(lies.right[1], lies.right[0]) - np.arctan2(was.right[1], was.right[0])) + 25
        )
        < 4
    )
    assert np.hypot(*(lies.origin - (matrix[:, :2] @ was.origin + matrix[:, 2]))) < 0.15 * was.unit
    assert abs(lies.unit / was.unit - 1) < 0.1


@pytest.mark.parametrize("sticker", NAMES)
def test_a_sticker_grows_with_the_face(sticker: str) -> None:
    shown = scene("astronaut")
    small = drawn(shown, sticker)
    large_frame = cv2.resize(shown.frame, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    large = drawn(
        Scene(np.asarray(large_frame, np.uint8), shown.mask, shown.boxes, shown.meshes * np.float32(2)),
        sticker,
    )
    assert 3.5 < (large > 0).sum() / (small > 0).sum() < 4.5


@pytest.mark.parametrize("sticker", NAMES)
def test_everybody_gets_one_and_nothing_else_changes(sticker: str) -> None:
    shown = scene("sample6")
    changed = drawn(shown, sticker) > 0
    assert len(shown.meshes) == 4
    near = np.zeros(changed.shape, np.uint8)
    for mesh in shown.meshes:
        lies = pose(mesh)
        x, y = (round(float(value)) for value in lies.origin)
        cv2.circle(near, (x, y), round(2.8 * lies.unit), (255,), -1)
        assert changed[
            max(0, round(y - 2.5 * lies.unit)) : round(y + 1.5 * lies.unit),
            max(0, round(x - lies.unit)) : round(x + lies.unit),
        ].any()
    assert not changed[near == 0].any()
    assert apply(shown.frame, shown.meshes[:0], sticker, 1) is shown.frame


def test_more_strength_is_more_change() -> None:
    shown = scene("obama2")
    for sticker in NAMES:
        changes = [
            studio_scenes.change(shown.frame, apply(shown.frame, shown.meshes, sticker, s))
            for s in (0.01, 0.3, 0.6, 1)
        ]
        assert np.all(np.diff(changes) > 0), changes


def test_stickers_sit_where_they_belong() -> None:
    for name in ("astronaut", "obama2", "sample6"):
        for mesh in scene(name).meshes:
            face = Anchors(mesh)
            assert face.left_eye[0] < 0 < face.right_eye[0]
            assert abs(face.left_eye[1]) < 0.1
            assert face.top[1] < -0.3 < face.nose[1] < face.chin[1]
            assert face.left_side[0] < face.left_eye[0]
            assert face.right_side[0] > face.right_eye[0]


def test_nothing_is_drawn_on_a_side_that_is_turned_away() -> None:
    turned_left = Anchors(scene("45-m7-di-ph").meshes[0])
    assert turned_left.seen(-1) < 0.2
    assert turned_left.seen(1) == 1
    assert turned_left.middle > 0.4, "the head is behind the eyes"
    upright = Anchors(scene("astronaut").meshes[0])
    assert upright.seen(-1) == upright.seen(1) == 1
    assert abs(upright.middle) < 0.1
    whiskers = [shape for shape in STICKERS["cat"](turned_left) if not shape.closed]
    assert len(whiskers) == 3
    assert len([shape for shape in STICKERS["cat"](upright) if not shape.closed]) == 6


@pytest.mark.parametrize("sticker", NAMES)
def test_a_face_at_the_border_or_far_outside(sticker: str) -> None:
    shown = scene("astronaut")
    for shift in ((-220, 0), (0, -110), (-5000, 0), (300, 480)):
        away = shown.meshes + np.array([*shift, 0], np.float32)
        assert apply(shown.frame, away, sticker, 1).shape == shown.frame.shape
