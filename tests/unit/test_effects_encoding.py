"""Pictures that come back: in the format they came in, or the one asked for."""

import io

import numpy as np
import pytest
from PIL import Image

from effects.encoding import SIGNATURES, encode, format_of
from image_decoder.pictures import decode
from tests.unit.studio_scenes import scene


@pytest.mark.parametrize("kind", list(SIGNATURES))
def test_what_is_written_can_be_read_and_is_what_it_says(kind: str) -> None:
    frame = scene("astronaut").frame
    data = encode(frame, kind, 90)
    assert format_of(data) == kind
    back = decode(data).frame
    assert back.shape == frame.shape
    assert np.abs(back.astype(int) - frame).mean() < (3 if kind in ("jpeg", "webp") else 1e-9)
    if kind != "ppm":
        assert (Image.open(io.BytesIO(data)).format or "").lower() == kind


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_quality_costs_bytes(kind: str) -> None:
    frame = scene("astronaut").frame
    sizes = [len(encode(frame, kind, quality)) for quality in (20, 60, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.5 * sizes[2]


def test_one_pixel_is_a_picture_too() -> None:
    for kind in SIGNATURES:
        assert decode(encode(np.zeros((1, 1, 3), np.uint8), kind, 90)).frame.shape == (1, 1, 3)
