"""Faces that are to be covered: which, for how long, and that nothing is left to recognize."""

import numpy as np
import pytest
from liveroom import Gallery

from effects.anonymize import REMEMBERED, SURE, TRUST, Watch, cover, nearest, overlap
from effects.raster import Floats, Pixels
from effects.secondary_detector import thorough, views
from effects.settings import THRESHOLD
from effects.suspects import MOST, Found, Verdict, not_among, suspects
from faces.anatomy import CHIP, chip
from faces.geometry import Levels
from tests.unit import studio_scenes
from tests.unit.studio_scenes import Scene, looked_out, run, scene, seen

NOBODY = np.zeros((0, 4), np.float32)
GROUPS = ["sample5", "sample6", "multi_face"]


def boxes(*corners: tuple[float, float, float, float]) -> Floats:
    return np.array(corners, np.float32).reshape(-1, 4)


def known(*flags: bool) -> Floats:
    """Distances of faces that are known, or not."""
    return np.where(np.array(flags, np.bool_), 0.2, 0.8).astype(np.float32)


def hidden(watch: Watch, boxes: Floats, distances: Floats) -> Floats:
    return watch.hidden(boxes, distances, THRESHOLD)


def embeddings(frame: Pixels, meshes: Floats) -> Floats:
    """What the face network makes of the places where these meshes are."""
    levels = Levels(frame)
    chips = [levels.cut(chip(mesh), CHIP, CHIP) for mesh in meshes]
    return run("face_embedder", chips, ["embedding"])[0]


def possible(frame: Pixels) -> Floats:
    return looked_out(frame).faces


@pytest.mark.parametrize("name", ["astronaut", "obama2", "biden", *GROUPS])
def test_a_covered_face_is_nobody_any_more(name: str) -> None:
    shown = scene(name)
    covered = cover(shown.frame, shown.boxes, 1)
    before, after = (embeddings(each, shown.meshes) for each in (shown.frame, covered))
    apart = np.linalg.norm(before - after, axis=1)
    assert apart.min() > max(THRESHOLD, Gallery().threshold) + 0.04, "even where one knows where to look"
    assert len(seen(covered).boxes) == 0, "and no face is found"


def test_more_strength_is_more_change() -> None:
    shown = scene("obama2")
    changes = [
        studio_scenes.change(shown.frame, cover(shown.frame, shown.boxes, s))
        for s in (0.05, 0.2, 0.4, 0.6, 0.8, 1)
    ]
    assert np.all(np.diff(changes) > 0.02), changes


def test_only_the_face_and_what_is_around_it_is_covered() -> None:
    shown = scene("obama2")
    changed = np.abs(cover(shown.frame, shown.boxes, 1).astype(int) - shown.frame).max(axis=2) > 0
    left, top, right, bottom = shown.boxes[0]
    width, height = right - left, bottom - top
    rows, columns = np.nonzero(changed)
    assert columns.min() > left - 0.6 * width
    assert columns.max() < right + 0.6 * width
    assert rows.min() > top - 0.6 * height
    assert cover(shown.frame, NOBODY, 1) is shown.frame


def test_a_face_at_the_border_and_boxes_out_of_the_picture() -> None:
    frame = scene("obama2").frame
    for box in (
        (-50, -50, 40, 40),
        (300, 600, 500, 800),
        (5000, 5000, 5100, 5100),
        (-10, -10, 2000, 2000),
        (5, 5, 5, 5),
    ):
        assert cover(frame, boxes(box), 1).shape == frame.shape


def test_who_is_enrolled_stays() -> None:
    mine, other = (embeddings(scene(name).frame, scene(name).meshes) for name in ("obama", "biden"))
    again = embeddings(scene("obama2").frame, scene("obama2").meshes)
    assert nearest(again, mine)[0] < THRESHOLD < nearest(other, mine)[0]
    assert nearest(other, np.concatenate([mine, other]))[0] == 0
    nobody = np.zeros((0, 128), np.float32)
    assert nearest(other, nobody).tolist() == [np.inf], "with nobody enrolled all are covered"
    assert nearest(nobody, mine).tolist() == []


def test_a_host_who_turns_stays_and_a_stranger_as_like_them_does_not() -> None:
    watch, host, stranger = Watch(), (100, 100, 200, 200), (300, 100, 400, 200)
    less = THRESHOLD + 0.5 * TRUST
    for distances in ((0.2, less), (less, less), (less, less)):
        covered = hidden(watch, boxes(host, stranger), np.array(distances, np.float32))
        assert covered.tolist() == [list(map(float, stranger))]
    hidden(watch, boxes(stranger), np.array([less], np.float32))
    covered = hidden(watch, boxes(host), np.array([less], np.float32))
    assert len(covered) == 2, "who went away has to be recognized again"


def test_a_missed_detection_reveals_nobody() -> None:
    watch, face = Watch(), (100, 100, 200, 200)
    assert len(hidden(watch, boxes(face), known(False))) == 1
    for frame in range(REMEMBERED):
        place = hidden(watch, NOBODY, known())
        assert len(place) == 1, f"frame {frame}"
        assert overlap(place[0], boxes(face)[0]) > 0.4
    assert len(hidden(watch, NOBODY, known())) == 0, "but not for ever"


def test_faces_may_come_in_any_order() -> None:
    watch, faces = Watch(), boxes((10, 10, 50, 50), (100, 10, 140, 50), (200, 10, 240, 50))
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]):
        covered = hidden(watch, faces[order], known(False, False, False))
        assert np.array_equal(covered, faces[order])


def test_the_place_of_a_face_that_is_not_found_grows() -> None:
    watch = Watch()
    hidden(watch, boxes((100, 100, 200, 200)), known(False))
    widths = [float(np.ptp(hidden(watch, NOBODY, known())[0, ::2])) for _ in range(4)]
    assert np.all(np.diff([100, *widths]) > 1)


def test_a_stranger_is_not_shown_for_one_lucky_embedding() -> None:
    watch, face = Watch(), boxes((100, 100, 200, 200))
    hidden(watch, face, known(False))
    shown = [
        len(hidden(watch, face, known(flag))) == 0 for flag in (True, True, False, True, True, True, True)
    ]
    assert shown == [False] * (3 + SURE - 1) + [True, True]


def test_who_was_enrolled_from_the_first_frame_is_never_covered() -> None:
    watch, face = Watch(), boxes((100, 100, 200, 200))
    for _ in range(3):
        assert len(hidden(watch, face, known(True))) == 0


def test_strangers_beside_the_host_are_covered_and_the_host_is_not() -> None:
    watch = Watch()
    host, guest = (100, 100, 200, 200), (300, 100, 400, 200)
    for _ in range(3):
        covered = hidden(watch, boxes(host, guest), known(True, False))
        assert covered.tolist() == [list(map(float, guest))]
    covered = hidden(watch, boxes(host), known(True))
    assert len(covered) == 1, "the guest's place"
    assert overlap(covered[0], boxes(host)[0]) == 0


@pytest.mark.parametrize("name", ["sample4", "sample5", "einstein", "multi_face"])
def test_the_second_look_finds_every_face(name: str) -> None:
    shown: Scene = scene(name)
    people = {"sample4": 4, "sample5": 5, "einstein": 2, "multi_face": 5}[name]
    found = possible(shown.frame)
    missed = not_among(shown.boxes, found)
    assert len(missed) == 0
    assert len(found) - len(not_among(found, shown.boxes)) == people == len(shown.boxes)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", ["0-f1-su-ph", "tongue", "einstein", "obama_partial_face2"])
def test_a_face_as_large_as_the_picture_is_looked_out_for(name: str, turns: int) -> None:
    """Its box is most of a square that shows 1.1 of it, turned or not."""
    shown = scene(name)
    left, top, right, bottom = shown.boxes[0]
    middle, half = np.array([left + right, top + bottom]) / 2, 0.55 * max(right - left, bottom - top)
    (x1, y1), (x2, y2) = (np.clip(np.rint(middle + side * half).astype(int), 0, None) for side in (-1, 1))
    close = np.ascontiguousarray(np.rot90(shown.frame[y1:y2, x1:x2], turns))
    height, width = close.shape[:2]
    most = overlap(possible(close), boxes((0, 0, width, height))[0]).max(initial=0)
    assert most > 0.35


def test_what_may_be_a_face_and_is_not_covered_is_doubtful_beside_others_that_are() -> None:
    unsure = boxes((10, 10, 20, 20), (100, 100, 120, 120))
    verdict = Verdict(NOBODY, unsure, np.array([0.3, 0.2], np.float32))
    assert verdict.doubt(NOBODY, NOBODY) == pytest.approx(0.3)
    assert verdict.doubt(unsure[:1], NOBODY) == pytest.approx(0.2)
    assert verdict.doubt(NOBODY, unsure[:1]) == pytest.approx(0.2)
    assert verdict.doubt(unsure[:1], unsure[1:]) == 0


@pytest.mark.parametrize(
    ("presence", "faces", "doubtful"), [(0.9, 2, False), (0.4, 1, True), (0.1, 1, False)]
)
def test_a_faint_face_is_looked_at_closely(presence: float, faces: int, doubtful: bool) -> None:
    """Beside one that is sure, which needs no closer look."""
    view = thorough(scene("obama2").frame, 0)
    shown = np.array([[0.1, 0.1, 0.3, 0.3], [0.11, 0.1, 0.3, 0.3], [0.5, 0.5, 0.6, 0.6]], np.float32)
    eyes = np.stack([shown[:, :2], shown[:, 2:]], axis=1)
    suspected = suspects([Found(view, shown, np.array([0.9, 0.2, 0.2], np.float32), eyes)])
    assert len(suspected.crops) == 1
    verdict = suspected.judged(np.array([presence], np.float32))
    assert len(verdict.faces) == faces
    assert (verdict.doubt(verdict.faces, NOBODY) > 0) == doubtful


def test_no_frame_is_looked_at_closely_without_end() -> None:
    frame = scene("obama2").frame
    corners = np.random.default_rng(0).uniform(0, 0.9, (256, 2)).astype(np.float32)
    shown = np.concatenate([corners, corners + np.float32(0.02)], axis=1)
    found = [
        Found(view, shown, np.full(256, 0.2, np.float32), shown.reshape(-1, 2, 2)) for view in views(frame, 0)
    ]
    assert len(suspects(found).crops) == MOST


@pytest.mark.parametrize("name", ["chelsea", "coffee", "motorcycle_left", "page", "rocket"])
def test_a_picture_of_nobody_is_not_covered_all_over(name: str) -> None:
    frame = scene(name).frame
    covered = cover(frame, possible(frame), 1)
    assert (np.abs(covered.astype(int) - frame).max(axis=2) > 0).mean() < 0.1


@pytest.mark.parametrize("name", ["chelsea", "coffee", "page", "rocket"])
def test_a_picture_of_nobody_is_not_doubtful(name: str) -> None:
    """Though CenterFace sees almost a face in three of them, and the segmenter takes the cat for a person."""
    verdict = looked_out(scene(name).frame)
    assert verdict.doubt(verdict.faces, NOBODY) == 0


@pytest.mark.parametrize("darker", [0.1, 0.04])
def test_who_sits_in_the_dark_is_looked_out_for(darker: float) -> None:
    shown = scene("obama2")
    dark = (shown.frame * np.float32(darker)).astype(np.uint8)
    assert overlap(possible(dark), shown.boxes[0]).max(initial=0) > 0.35
    assert len(possible(np.zeros((90, 160, 3), np.uint8))) == 0


def test_everyone_in_a_crowd_is_looked_out_for() -> None:
    """Each of 128 faces twice, a pixel apart: as many as there are boxes."""
    corners = np.array([(x, y) for y in range(8) for x in range(16)], np.float32) * (1 / 16, 1 / 8)
    once = np.hstack([corners, corners + np.array([0.05, 0.1])])
    twice = np.concatenate([once, once + 1 / 640]).astype(np.float32)
    frame = np.zeros((640, 640, 3), np.uint8)
    view = thorough(frame, 0)
    assert view.pixels.shape == frame.shape
    found = suspects([Found(view, twice, np.full(256, 0.5, np.float32), twice.reshape(-1, 2, 2))]).boxes
    assert len(found) == 128
    assert len(hidden(Watch(), found, np.full(128, np.inf, np.float32))) == 128


def test_a_second_look_at_frames_of_any_size() -> None:
    for height, width in ((1, 1), (20, 300), (360, 640), (1080, 1920), (3000, 100)):
        frame = np.zeros((height, width, 3), np.uint8)
        for number in range(4):
            for shown in views(frame, number, alone=True):
                assert all(side % 32 == 0 for side in shown.pixels.shape[:2])
                assert max(shown.pixels.shape) <= 992
    assert len(not_among(NOBODY, NOBODY)) == 0
    assert len(not_among(boxes((0, 0, 9, 9)), NOBODY)) == 1
