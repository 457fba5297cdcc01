"""The matte: steady where nothing happens, at once where something moves, and along the picture's edges."""

import numpy as np

from effects.matte import Steadied, to_frame, uncertainty
from effects.raster import Floats, Pixels
from tests.unit.studio_scenes import carphone

STILL: Pixels = np.full((144, 256, 3), 100, np.uint8)


def step(column: float, softness: float = 6.0) -> Floats:
    """A mask [256, 256]: nobody to the left of `column`, somebody to the right."""
    x = np.arange(256, dtype=np.float32)
    row = np.clip((x - column) / softness + 0.5, 0, 1)
    return np.tile(row, (256, 1)).astype(np.float32)


def test_only_the_undecided_is_uncertain() -> None:
    doubt = uncertainty(np.array([0, 0.02, 0.25, 0.5, 0.75, 0.98, 1], np.float32))
    assert doubt[3] == 1
    assert np.all(doubt[[0, 1, 5, 6]] < 0.15)
    assert np.allclose(doubt, doubt[::-1], atol=1e-5)
    assert np.all(np.diff(doubt[:4]) > 0)
    entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert abs(doubt[2] - entropy) < 0.2, "the polynomial is an approximation of the entropy"


def test_flicker_goes_where_the_picture_hardly_changes() -> None:
    frames, masks = carphone(40)
    steadied = Steadied()
    steady = np.stack([steadied.next(mask, frame) for mask, frame in zip(masks, frames, strict=True)])
    mattes = [
        np.stack([to_frame(mask, frame) for mask, frame in zip(each, frames, strict=True)])
        for each in (masks, steady)
    ]
    change = np.abs(np.diff(frames.astype(np.int16), axis=0)).max(axis=3)
    still = change <= 4
    raw, with_state = (float(np.abs(np.diff(each, axis=0))[still].mean()) for each in mattes)
    assert with_state < 0.65 * raw, f"flicker {with_state:.5f} with the state, {raw:.5f} without"


def test_what_flickers_in_a_still_picture_is_steadied() -> None:
    steadied = Steadied()
    flickering = [steadied.next(step(100 + 2 * (count % 2)), STILL) for count in range(20)]
    apart = np.abs(flickering[-1] - flickering[-2]).max()
    assert apart < 0.5 * np.abs(step(100) - step(102)).max()


def test_who_moves_leaves_no_ghost() -> None:
    steadied = Steadied()
    for column in (100, 110, 130, 160):
        frame = np.full((144, 256, 3), 60, np.uint8)
        frame[:, column:] = 190
        moved = steadied.next(step(column), frame)
    assert float(np.abs(moved - step(160)).max()) < 0.1


def test_another_scene_starts_afresh() -> None:
    steadied = Steadied()
    steadied.next(np.full((256, 256), 0.9, np.float32), STILL)
    undecided = np.full((256, 256), 0.45, np.float32)
    assert np.array_equal(steadied.next(undecided, STILL), undecided)


def test_a_mask_handed_in_is_not_kept_by_reference() -> None:
    steadied, mask = Steadied(), step(100)
    kept = steadied.next(mask, STILL).copy()
    mask[:] = 0.5
    assert float(np.abs(steadied.next(step(100), STILL) - kept).max()) < 0.01


def test_the_matte_follows_the_edge_of_the_picture() -> None:
    frame: Pixels = np.full((360, 640, 3), 60, np.uint8)
    frame[:, 330:] = 190  # the mask is off by 10 pixels, and soft over 40
    matte = to_frame(step(320 / 640 * 256, 16.0), frame)
    assert matte.shape == (360, 640)
    assert float(matte.min()) >= 0
    assert float(matte.max()) <= 1
    left, right = matte[100:-100, 322:329].mean(), matte[100:-100, 332:339].mean()
    assert right - left > 0.5, "the step is where the picture has it"


def test_frames_of_any_size() -> None:
    for height, width in ((1, 1), (1, 700), (2, 2), (144, 176), (1080, 1920)):
        frame = np.full((height, width, 3), 100, np.uint8)
        assert np.allclose(to_frame(np.ones((256, 256), np.float32), frame), 1, atol=1e-3)
        assert np.allclose(to_frame(np.zeros((256, 256), np.float32), frame), 0, atol=1e-3)
