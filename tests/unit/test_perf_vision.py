"""`perf vision` without a server: labels, who found what, and networks that are asked side by side."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from evaluation.pictures import Image, photos, read_image
from exporters.onnx_tools import Floats
from perf.inputs.pictures import encoded, host_frames
from perf.load.video import CLIPS, cut, jpegs
from perf.models.pictures import Together
from perf.served.networks import Networks
from perf.served.pictures import DEFAULT_DETECTOR, DETECTORS, Frame, decode, look
from perf.vision.labels import GROUP, LIVE, NOBODY, SIZE, face_boxes, labeled
from perf.vision.matching import pairs, recall_by_height, score
from perf.vision.matte import flicker
from tooling.sources import Library

LIBRARY = Library()


def boxes(*corners: Sequence[float]) -> Floats:
    return np.array(corners, np.float32).reshape(-1, 4)


ONE, OTHER = (0.0, 0.0, 10.0, 10.0), (100.0, 0.0, 120.0, 20.0)


def test_every_face_of_every_photo_is_labeled_from_left_to_right() -> None:
    for photo in photos(LIBRARY):
        places = face_boxes(photo, read_image(photo.path))
        assert len(places) == photo.faces
        assert places[:, 0].tolist() == sorted(places[:, 0])
        assert (places[:, 2:] > places[:, :2]).all()


def test_frames_have_one_size_and_their_boxes_shrink_with_them() -> None:
    whole, quarter = labeled(LIBRARY), labeled(LIBRARY, 0.25)
    assert {frame.image.shape for frame in (*whole, *quarter)} == {(SIZE[1], SIZE[0], 3)}
    assert {frame.framing for frame in whole} == {LIVE, GROUP, NOBODY}
    assert all(len(frame.boxes) == 1 for frame in whole if frame.framing == LIVE)
    assert {frame.name.split()[0] for frame in whole} > set(CLIPS)
    for large, small in zip(whole, quarter, strict=True):
        sides = small.boxes[:, 2:] - small.boxes[:, :2]
        assert np.allclose(sides * 4, large.boxes[:, 2:] - large.boxes[:, :2], rtol=0.02)


@pytest.mark.parametrize("name", DETECTORS)
def test_our_detectors_find_the_labeled_face_of_a_host(name: str) -> None:
    detector, networks = DETECTORS[name], Networks(threads=0)
    for frame in [frame for frame in labeled(LIBRARY) if frame.framing == LIVE][::12]:
        seen = look(Frame(frame.image, SIZE, networks), networks, detector, faces_too=False)
        assert [label for _, label, _ in pairs(seen["boxes"], frame.boxes)] == [0]


@pytest.mark.parametrize(
    ("found", "right", "expected"),
    [
        (boxes(ONE), boxes(ONE), (1, 0, 0)),
        (boxes((0, 3, 10, 13)), boxes(ONE), (1, 0, 0)),  # 0.54
        (boxes((0, 6, 10, 16)), boxes(ONE), (0, 1, 1)),  # 0.25
        (boxes(ONE, (1, 0, 11, 10)), boxes(ONE), (1, 0, 1)),  # twice the same
        (boxes(), boxes(ONE, OTHER), (0, 2, 0)),
        (boxes(OTHER, ONE), boxes(ONE, OTHER), (2, 0, 0)),
        (boxes(ONE), boxes(), (0, 0, 1)),
        (boxes(), boxes(), (0, 0, 0)),
    ],
)
def test_found_missed_and_false(found: Floats, right: Floats, expected: tuple[int, int, int]) -> None:
    counted = score([found], [right])
    assert (counted.found, counted.missed, counted.false) == expected


def test_a_score_says_how_right_and_how_close() -> None:
    counted = score([boxes(ONE, OTHER), boxes()], [boxes(ONE), boxes(OTHER)])
    assert (counted.f1, counted.iou) == (0.5, 1.0)
    assert score([boxes()], [boxes()]).f1 is None
    assert recall_by_height([boxes(ONE)], [boxes(ONE, OTHER)], (8, 16, 32)) == [(1, 1), (0, 1)]


def test_a_mask_flickers_only_where_the_picture_stands_still() -> None:
    frames: list[Image] = [np.zeros((4, 4, 3), np.uint8) for _ in range(2)]
    frames[1][:2] = 200
    masks = [np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)]
    masks[1][2:] = 0.5
    assert flicker(frames, masks) == pytest.approx(50.0)
    assert flicker(frames, [masks[0], masks[0]]) == 0.0


def test_frames_side_by_side_get_what_they_get_alone() -> None:
    """One has no face, and is done before the others."""
    networks, asked = Networks(threads=1), []
    detector = DETECTORS[DEFAULT_DETECTOR]
    images = [*host_frames(LIBRARY, 3), np.zeros((480, 640, 3), np.uint8)]

    def counting(model: str, images: Sequence[Image], outputs: Sequence[str]) -> list[Floats]:
        asked.append((model, len(images)))
        return networks(model, images, outputs)

    together = Together(counting, len(images))

    def one(image: Image) -> dict[str, Floats]:
        try:
            return look(Frame(image, SIZE, together), together, detector)
        finally:
            together.done()

    with ThreadPoolExecutor(len(images)) as pool:
        found = list(pool.map(one, images))
    alone = [look(Frame(image, SIZE, networks), networks, detector) for image in images]
    assert [len(seen["boxes"]) for seen in found] == [1, 1, 1, 0]
    for seen, expected in zip(found, alone, strict=True):
        assert {name: array.shape for name, array in seen.items()} == {
            name: array.shape for name, array in expected.items()
        }
        assert all(np.allclose(seen[name], expected[name], rtol=1e-3, atol=1e-3) for name in seen)
    assert asked[0] == (detector.model, 4)
    assert ("face_embedder", 3) in asked


def test_frames_are_jpegs_of_the_size_that_is_asked_for() -> None:
    files = jpegs("talking_head", LIBRARY, 5, (320, 240))
    assert len(files) == 20
    assert decode(files[0]).frame.shape == (240, 320, 3)
    sent = decode(bytes(encoded(LIBRARY).steps[0]["image"].item()))
    assert (sent.width, sent.height) == (640, 480)


def test_a_picture_is_cut_around_a_place_and_never_beyond_its_borders() -> None:
    wide = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))
    assert cut(wide, (100, 100), 0.5)[50, 0, 0] == 50
    assert cut(wide, (100, 100), 1.0)[50, -1, 0] == 199
    assert cut(wide, (200, 50)).shape == (50, 200, 3)
