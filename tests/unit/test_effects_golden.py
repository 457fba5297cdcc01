"""What each effect makes of real photos, compared with what was looked at and found good.

`effects_golden.json` holds the mean colors of an 8 x 8 grid over each edited picture. After a change that is
meant, look at the pictures and write it again:
python -m tests.unit.test_effects_golden
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from effects.background import Picture
from effects.editing import edit
from effects.raster import Pixels
from effects.room import Room
from effects.settings import Settings
from tests.unit.studio_scenes import scene

GOLDEN = Path(__file__).with_name("effects_golden.json")
GRID = 8
TOLERANCE = 2.5
"""Levels: other versions of OpenCV and of the networks' runtime round differently."""
PHOTOS = ("astronaut", "obama2", "sample6")
EFFECTS = {
    "blur": Settings(blur=1),
    "replace": Settings(replace=1),
    "skin": Settings(smooth=1, brighten=1),
    "glasses": Settings(sticker="glasses"),
    "crown": Settings(sticker="crown", sticker_strength=0.7),
    "cat": Settings(sticker="cat"),
    "hearts": Settings(sticker="hearts"),
    "anonymize": Settings(anonymize=1),
    "everything": Settings(0.6, 0.5, 0.7, 0.5, "crown", 0.9, 0.4),
}


def edited(photo: str, effect: str) -> Pixels:
    shown, settings = scene(photo), EFFECTS[effect]
    matte = Room().matte(shown.mask, shown.frame) if settings.changes_background else None
    picture = Picture(scene("coffee").frame)
    return edit(shown.frame, settings, matte=matte, picture=picture, hidden=shown.boxes, meshes=shown.meshes)


def grid(picture: Pixels) -> list[list[int]]:
    """Mean colors of GRID x GRID parts, row by row."""
    means = cv2.resize(picture.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    colors: list[list[int]] = np.rint(means.reshape(-1, 3)).astype(int).tolist()
    return colors


@pytest.mark.parametrize("effect", list(EFFECTS))
@pytest.mark.parametrize("photo", PHOTOS)
def test_an_effect_looks_as_it_did(photo: str, effect: str) -> None:
    golden = np.array(json.loads(GOLDEN.read_text())[photo][effect], np.float32)
    found = np.array(grid(edited(photo, effect)), np.float32)
    difference = float(np.abs(found - golden).max())
    assert difference <= TOLERANCE
    untouched = np.array(grid(scene(photo).frame), np.float32)
    change = float(np.abs(found - untouched).max())
    assert change > TOLERANCE, "which the photo itself would not pass"


def _main() -> None:
    goldens = {photo: {effect: grid(edited(photo, effect)) for effect in EFFECTS} for photo in PHOTOS}
    lines = [
        f' "{photo}": {{\n'
        + ",\n".join(f'  "{effect}": {json.dumps(colors)}' for effect, colors in effects.items())
        + "\n }"
        for photo, effects in goldens.items()
    ]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    _main()
