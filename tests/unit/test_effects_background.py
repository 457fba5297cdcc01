"""Backgrounds: blurred without the person's colors, replaced without the old ones, fitted to the frame."""

import numpy as np
import pytest

from effects.background import LONGEST_SIDE, Picture, change
from effects.matte import to_frame
from effects.raster import Floats, Pixels
from tests.unit import studio_scenes
from tests.unit.studio_scenes import scene


def red_person() -> tuple[Pixels, Floats]:
    """A red disc on gray, mixed at its soft rim, and its matte."""
    rows, columns = np.mgrid[0:360, 0:640]
    far = np.hypot(columns - 320, rows - 180)
    matte = np.clip((120 - far) / 12 + 0.5, 0, 1).astype(np.float32)
    mix = matte[..., None] * np.array([220, 20, 20]) + (1 - matte[..., None]) * 120
    return np.rint(mix).astype(np.uint8), matte


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_the_person_does_not_glow_in_the_blur(strength: float) -> None:
    frame, matte = red_person()
    edited = change(frame, matte, strength, 0, None)
    redness = edited[..., 0].astype(int) - edited[..., 1]
    assert redness[matte == 0].max() <= 10, "no halo: a plain blur of this disc leaves up to 90"
    assert np.array_equal(edited[matte == 1], frame[matte == 1]), "the person stays"


def test_the_old_background_does_not_stay_around_the_person() -> None:
    frame, matte = red_person()
    green = np.broadcast_to(np.array([0, 200, 0], np.uint8), frame.shape)
    edited = change(frame, matte, 0, 1, np.ascontiguousarray(green)).astype(np.float32)
    ideal = matte[..., None] * np.array([220, 20, 20]) + (1 - matte[..., None]) * np.array([0, 200, 0])
    rim = (matte > 0.05) & (matte < 0.95)
    assert np.abs(edited - ideal)[rim].mean() < 12
    naive = matte[..., None] * frame + (1 - matte[..., None]) * green
    assert np.abs(edited - ideal)[rim].mean() < 0.5 * np.abs(naive - ideal)[rim].mean()


@pytest.mark.parametrize("effect", ["blur", "replace"])
def test_more_strength_is_more_change(effect: str) -> None:
    shown = scene("astronaut")
    matte = to_frame(shown.mask, shown.frame)
    picture = Picture(scene("coffee").frame).cover(*shown.frame.shape[:2])
    changes = []
    for strength in (0.0, 0.1, 0.3, 0.6, 1.0):
        blur, replace = (strength, 0.0) if effect == "blur" else (0.0, strength)
        edited = change(shown.frame, matte, blur, replace, picture)
        changes.append(studio_scenes.change(shown.frame, edited))
    assert changes[0] < 0.01
    assert np.all(np.diff(changes) > 0.05), changes


def test_a_persons_inside_stays_and_the_background_does_not() -> None:
    shown = scene("obama")
    matte = to_frame(shown.mask, shown.frame)
    picture = Picture(scene("coffee").frame).cover(*shown.frame.shape[:2])
    for blur, replace in ((1.0, 0.0), (0.0, 1.0), (0.7, 0.5)):
        edited = change(shown.frame, matte, blur, replace, picture)
        difference = np.abs(edited.astype(int) - shown.frame).max(axis=2)
        assert difference[matte >= 0.999].max() <= 2
        assert difference[matte <= 0.001].mean() > 4


def test_a_background_fills_the_frame_in_its_own_proportions() -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[100:200, 150:250] = 255  # a square in the middle
    fitted = Picture(picture)
    for height, width in ((360, 640), (640, 360), (90, 90), (1, 1), (1000, 10)):
        cover = fitted.cover(height, width)
        assert cover.shape == (height, width, 3)
    wide = fitted.cover(360, 640)[..., 0] > 127
    assert abs(wide.any(axis=0).sum() - wide.any(axis=1).sum()) <= 2, "still a square"
    assert wide[180, 320]
    assert fitted.cover(360, 640) is fitted.cover(360, 640), "fitted once"


def test_what_is_kept_of_a_background_is_bounded() -> None:
    picture = Picture(np.zeros((3000, 4000, 3), np.uint8))
    assert picture.cover(LONGEST_SIDE * 3 // 4, LONGEST_SIDE).shape == (1440, 1920, 3)
    assert picture._picture.shape == (1440, 1920, 3)
