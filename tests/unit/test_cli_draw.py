"""Faces drawn onto pictures: labels that show and do not cover each other, and fonts for every name."""

from __future__ import annotations

import numpy as np
import pytest
from liveroom import Face
from liveroom.cli import _fonts
from liveroom.cli._draw import Annotator

from tests.unit.picture_peer import person


@pytest.mark.parametrize("background", [0, 90, 255])
@pytest.mark.parametrize("size", [(480, 640), (1800, 2400)])
def test_labels_show_on_any_background_at_any_size(background: int, size: tuple[int, int]) -> None:
    height, width = size
    unit = height / 10
    face = Face(
        (2 * unit, 2 * unit, 5 * unit, 5 * unit), 0.9, ((3 * unit, 3 * unit),) * 5, {"happy": 1.0}, person(0)
    )
    pixels = np.full((height, width, 3), background, np.uint8)
    drawn = Annotator(width, height).draw(pixels, [face]).astype(int)
    assert drawn.shape == pixels.shape
    label = drawn[int(unit) : int(2 * unit), int(2 * unit) : int(6 * unit)].mean(axis=2)
    assert label.max() - label.min() > 150
    rows = np.flatnonzero((label > 240).any(axis=1) & (label < 90).any(axis=1))
    assert len(rows) >= height / 60, "letters too small"
    edge = drawn[int(3.5 * unit), int(1.8 * unit) : int(2.2 * unit)].sum(axis=1)
    assert edge.max() - edge.min() > 300


def test_a_label_stays_within_the_picture_and_off_other_labels() -> None:
    whole = Face((-5, -5, 645, 485), 0.9, ((9, 9),) * 5, {"happy": 1.0}, person(0))
    twin = Face((100, 100, 200, 200), 0.9, ((9, 9),) * 5, {"happy": 1.0}, person(0), name="Li Lei")
    black = np.zeros((480, 640, 3), np.uint8)
    one = Annotator(640, 480).draw(black, [whole])
    assert (one > 240).all(axis=2).sum() > 100
    alone, both = (
        (Annotator(640, 480).draw(black, faces) > 240).all(axis=2).sum() for faces in ([twin], [twin, twin])
    )
    assert both > 1.9 * alone


def test_a_name_that_no_font_can_draw_gets_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_fonts, "FONTS", ())
    faces = [Face((9, 99, 90, 180), 0.9, ((9, 9),) * 5, {"happy": 1.0}, person(0), name="李雷")]
    annotator = Annotator(640, 480)
    drawn = annotator.draw(np.zeros((480, 640, 3), np.uint8), faces)
    assert annotator.legend == {"李雷": "#1"}
    assert (drawn > 240).all(axis=2).any()


def test_a_chinese_name_is_drawn_where_there_is_a_font_for_it() -> None:
    font = _fonts.Fonts(24).for_text("李雷 happy 1.00")
    if font is None:
        pytest.skip("no font with Chinese on this machine")
    assert bytes(font.getmask("李", mode="L")) != bytes(font.getmask("雷", mode="L"))
    assert _fonts.Fonts(24).for_text("\U0010fffd") is None
