"""Skin: smoother and brighter inside of faces, alike for all skin; everything else as it was."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from effects.raster import Floats, Pixels
from effects.skin import improve, likelihood, region
from tests.unit import studio_scenes
from tests.unit.studio_scenes import Scene, scene

LIGHT, DARK, GROUP = "astronaut", "obama2", "sample6"
PORTRAITS = [LIGHT, DARK, "biden", "0-f1-su-ph", "45-m7-di-ph", "single_face"]


def levels_changed(shown: Scene, edited: Pixels) -> NDArray[np.int16]:
    """The most that a color of each pixel has changed by."""
    changed: NDArray[np.int16] = np.abs(edited.astype(np.int16) - shown.frame).max(axis=2)
    return changed


def skin_of(shown: Scene) -> Floats:
    """Where the skin of all faces is, [H, W] in [0, 1]."""
    where = np.zeros(shown.frame.shape[:2], np.float32)
    for mesh in shown.meshes:
        size = float(np.sqrt(np.prod(np.ptp(mesh[:, :2], axis=0))))
        points = mesh[:, :2]
        where = np.maximum(where, region(likelihood(shown.frame, points), points, size))
    return where


def roughness(picture: Pixels, where: Floats) -> float:
    """Median deviation of luma from its blur, in levels: that of bare skin, not of the few edges in it."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    residue = np.abs(luma - cv2.GaussianBlur(luma, (0, 0), 3))
    return float(np.median(residue[where > 0.9]))


@pytest.mark.parametrize("name", [*PORTRAITS, GROUP])
def test_only_skin_inside_of_faces_changes(name: str) -> None:
    shown = scene(name)
    assert len(shown.meshes) >= 1
    edited = improve(shown.frame, shown.meshes, 1, 1)
    changed = levels_changed(shown, edited)
    assert changed[shown.eyes() > 0].max() <= 2
    around = cv2.dilate(shown.faces(), np.ones((5, 5), np.uint8))
    for mesh in shown.meshes:  # the forehead, which the mesh ends below
        low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
        top = low[1] - 0.25 * (high[1] - low[1])
        middle = slice(max(0, round(low[0])), round(high[0])), slice(max(0, round(top)), round(high[1]))
        around[middle[1], middle[0]] = 255
    assert changed[around == 0].max() == 0
    skin = skin_of(shown) > 0.9
    assert changed[skin].mean() > 3


@pytest.mark.parametrize(
    ("name", "hair"), [(LIGHT, (slice(20, 55), slice(190, 260))), (DARK, (slice(170, 195), slice(250, 330)))]
)
def test_hair_stays(name: str, hair: tuple[slice, slice]) -> None:
    shown = scene(name)
    changed = levels_changed(shown, improve(shown.frame, shown.meshes, 1, 1))
    assert changed[hair].max() <= 2


@pytest.mark.parametrize("name", PORTRAITS)
def test_skin_of_any_color_gets_smoother_and_keeps_its_texture(name: str) -> None:
    shown = scene(name)
    where = skin_of(shown)
    before, after = (
        roughness(each, where) for each in (shown.frame, improve(shown.frame, shown.meshes, 1, 0))
    )
    assert 0.3 < after / before < 0.85, "smoother, and not plastic"


@pytest.mark.parametrize("name", PORTRAITS)
def test_brightening_lifts_mid_tones_and_burns_nothing_out(name: str) -> None:
    shown = scene(name)
    where = skin_of(shown) > 0.9
    edited = improve(shown.frame, shown.meshes, 0, 1)
    before, after = shown.frame[where].astype(float), edited[where].astype(float)
    assert 1.03 < after.mean() / before.mean() < 1.35
    assert (after == 255).mean() - (before == 255).mean() < 0.06
    hue = [each / each.sum(axis=1, keepdims=True) for each in (before + 1, after + 1)]
    assert np.abs(hue[0] - hue[1]).mean() < 0.01


@pytest.mark.parametrize("effect", ["smooth", "brighten"])
def test_more_strength_is_more_change(effect: str) -> None:
    shown = scene(DARK)
    changes = []
    for strength in (0.0, 0.2, 0.5, 0.8, 1.0):
        smooth, brighten = (strength, 0.0) if effect == "smooth" else (0.0, strength)
        edited = improve(shown.frame, shown.meshes, smooth, brighten)
        changes.append(studio_scenes.change(shown.frame, edited))
    assert changes[0] == 0
    assert np.all(np.diff(changes) > 0.005), changes


def test_a_face_half_out_of_the_picture() -> None:
    whole = scene(LIGHT)
    cut = round(float(whole.meshes[0, :, 0].mean()))
    frame = np.ascontiguousarray(whole.frame[:, cut:])
    meshes = whole.meshes - np.array([cut, 0, 0], np.float32)
    edited = improve(frame, meshes, 1, 1)
    there = improve(whole.frame, whole.meshes, 1, 1)[:, cut:]
    assert np.abs(edited[:, 8:].astype(int) - there[:, 8:]).mean() < 0.5, "as if it were whole"
    away = whole.meshes + np.array([5000, 0, 0], np.float32)
    assert improve(frame, away, 1, 1) is frame, "nothing of it is in the picture"


def test_skin_is_learnt_from_the_face_itself() -> None:
    for name in (LIGHT, DARK):
        shown = scene(name)
        fit = likelihood(shown.frame, shown.meshes[0, :, :2])
        assert fit[skin_of(shown) > 0.9].mean() > 0.9
        assert fit[shown.mask_in_frame() < 0.1].mean() < 0.35


def test_large_faces_are_smoothed_as_small_ones_are() -> None:
    shown = scene(DARK)
    height, width = shown.frame.shape[:2]
    large = cv2.resize(shown.frame, (3 * width, 3 * height), interpolation=cv2.INTER_CUBIC)
    edited = improve(np.asarray(large, np.uint8), shown.meshes * np.float32(3), 1, 0.5)
    small = cv2.resize(edited, (width, height), interpolation=cv2.INTER_AREA)
    assert studio_scenes.change(improve(shown.frame, shown.meshes, 1, 0.5), np.asarray(small, np.uint8)) < 1.5
