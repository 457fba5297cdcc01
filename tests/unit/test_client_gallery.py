"""Who is who: enrolling, matching, saying nobody, forgetting, and files that were tampered with."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from liveroom import Face, Gallery, InvalidInput, Vision
from numpy.typing import NDArray

from tests.unit.picture_peer import person

Arrays = dict[str, NDArray[np.generic]]


def between(one: int, other: int, angle: float) -> NDArray[np.float32]:
    """The embedding at `angle` radians from person `one` on the way to person `other`."""
    mixed: NDArray[np.float32] = np.cos(angle) * person(one) + np.sin(angle) * person(other)
    return mixed


def near(number: int, distance: float) -> NDArray[np.float32]:
    """An embedding at that Euclidean distance of a person's, away from everyone else."""
    return between(number, 127, 2 * np.arcsin(distance / 2))


def face(embedding: NDArray[np.float32]) -> Face:
    return Face((0, 0, 1, 1), 0.9, ((0, 0),) * 5, {"happy": 1.0}, embedding)


@pytest.fixture
def gallery() -> Gallery:
    gallery = Gallery(threshold=0.45, margin=0.05)
    gallery.enroll("李雷", np.stack([person(0), person(1)]))
    gallery.enroll("Han Meimei", face(person(2)))
    return gallery


def test_the_nearest_photo_counts(gallery: Gallery) -> None:
    for photo in (0, 1):
        match = gallery.match(near(photo, 0.3))
        assert match.name == "李雷"
        assert match.distance == pytest.approx(0.3, abs=1e-5)
    assert gallery.match(face(person(2))).name == "Han Meimei"


def test_nobody_is_said_rather_than_guessed(gallery: Gallery) -> None:
    assert gallery.match(near(0, 0.44)).name == "李雷"
    assert gallery.match(near(0, 0.46)).name is None
    assert gallery.match(near(0, 0.46)).distance == pytest.approx(0.46, abs=1e-5)
    assert Gallery().match(person(0)) == Gallery().match(person(5))
    assert Gallery().match(person(0)).name is None


def test_of_two_people_about_as_near_neither_is_guessed() -> None:
    gallery = Gallery(threshold=1.0, margin=0.05)
    gallery.enroll("one", person(0))
    gallery.enroll("other", person(1))
    assert gallery.match(between(0, 1, np.pi / 4)).name is None
    assert gallery.match(between(0, 1, np.pi / 4 - 0.02)).name is None
    assert gallery.match(between(0, 1, np.pi / 4 - 0.04)).name == "one"
    gallery.remove("other")
    assert gallery.match(between(0, 1, np.pi / 4)).name == "one"


def test_faces_get_names(gallery: Gallery) -> None:
    faces = gallery.named([face(near(1, 0.1)), face(person(7))])
    assert [face.name for face in faces] == ["李雷", None]


def test_more_photos_of_one_who_is_known(gallery: Gallery) -> None:
    gallery.enroll(" Han Meimei ", person(3), more=True)
    assert (gallery.names, gallery.photos("Han Meimei")) == (("李雷", "Han Meimei"), 2)
    assert gallery.match(person(3)).name == "Han Meimei"
    with pytest.raises(InvalidInput, match="'Jim' is not enrolled: expected one of 李雷, Han Meimei"):
        gallery.enroll("Jim", person(4), more=True)
    with pytest.raises(InvalidInput, match="'李雷' is enrolled already"):
        gallery.enroll("李雷", person(4))
    with pytest.raises(InvalidInput, match="33 photos of 'Han Meimei': expected at most 32"):
        gallery.enroll("Han Meimei", np.tile(person(5), (31, 1)), more=True)
    assert len(gallery) == 2


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 129, "间" * 43])
def test_names_are_names(gallery: Gallery, name: str) -> None:
    with pytest.raises(InvalidInput, match="expected 1 to 128 bytes of printable UTF-8"):
        gallery.enroll(name, person(4))


@pytest.mark.parametrize(
    ("faces", "says"),
    [
        (Vision(8, 8, (), 0.0), "the picture shows 0 faces: expected one person alone"),
        (Vision(8, 8, (face(person(3)), face(person(4))), 0.0), "the picture shows 2 faces"),
        ([], r"embeddings of shape \[0\]"),
        (np.ones(127, np.float32), r"embeddings of shape \[1, 127\]: expected \[128\] or \[n, 128\]"),
        (np.ones((1, 1, 128), np.float32), r"shape \[1, 1, 128\]"),
        (2 * person(0), "an embedding of length 2: expected 1"),
        (np.full(128, np.nan, np.float32), "an embedding of length nan: expected 1"),
    ],
)
def test_what_cannot_be_enrolled_changes_nothing(gallery: Gallery, faces: Vision, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        gallery.enroll("Jim", faces)
    assert gallery.names == ("李雷", "Han Meimei")


@pytest.mark.parametrize("numbers", [{"threshold": 0.0}, {"threshold": 2.1}, {"margin": -0.1}])
def test_numbers_are_checked(numbers: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match="expected a distance"):
        Gallery(**numbers)


def test_a_file_gives_back_who_was_saved_and_is_its_owners_alone(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "people.npz"
    gallery.save(path)
    again = Gallery.load(path)
    assert (again.names, again.photos("李雷")) == (gallery.names, 2)
    assert np.array_equal(again.embeddings, gallery.embeddings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    Gallery().save(path)
    assert Gallery.load(path).names == ()


def test_removing_removes_every_trace(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "people.npz"
    gallery.save(path)
    assert person(1).tobytes() in path.read_bytes()
    gallery.remove("李雷")
    assert "李雷" not in gallery
    assert gallery.match(person(1)).name is None
    gallery.save(path)
    data = path.read_bytes()
    assert person(2).tobytes() in data
    assert not any(trace in data for trace in (person(0).tobytes(), person(1).tobytes()))
    assert "李雷".encode("utf-32-le") not in data
    with pytest.raises(InvalidInput, match="'李雷' is not enrolled"):
        gallery.remove("李雷")


def test_nobody_stays_in_a_file_that_a_link_points_to(gallery: Gallery, tmp_path: Path) -> None:
    path, link = tmp_path / "people.npz", tmp_path / "link.npz"
    gallery.save(path)
    link.symlink_to(path)
    gallery.remove("李雷")
    gallery.save(link)
    assert link.is_symlink()
    assert Gallery.load(path).names == gallery.names


def test_a_file_that_cannot_be_written_is_said(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"No such file or directory: '.*/nowhere/people\.npz'"):
        gallery.save(tmp_path / "nowhere" / "people.npz")


def without(name: str) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


def with_(name: str, array: NDArray[np.generic]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, name: array}


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (without("version"), "it says no version"),
        (with_("version", np.array(2)), "it is a gallery of version 2: expected 1"),
        (without("counts"), "it is damaged"),
        (with_("extra", np.zeros(3)), "it is damaged"),
        (with_("names", np.array(["a", "a"])), "every name must be there once"),
        (with_("names", np.array(["a"])), "every name must be there once"),
        (with_("names", np.array(["a", ""])), "name is ''"),
        (with_("names", np.array(["a", "a "])), "two of its names are the same"),
        (with_("counts", np.array([3, 0])), "with a count of photos"),
        (with_("counts", np.array([1, 1])), "2 photos are counted, 3 are there"),
        (with_("counts", np.array([2**62, 2**62])), "photos are counted"),
        (with_("embeddings", np.eye(3, 127)), r"embeddings of shape \[2, 127\]"),
        (with_("embeddings", np.full((3, 128), np.inf)), "an embedding of length inf"),
        (with_("names", np.array([{"a": 1}, 2], object)), "Object arrays cannot be loaded"),
    ],
)
def test_a_file_that_was_tampered_with_is_refused(
    gallery: Gallery, tmp_path: Path, tamper: Callable[[Arrays], Arrays], says: str
) -> None:
    path = tmp_path / "people.npz"
    gallery.save(path)
    with np.load(path) as arrays:
        changed = tamper(dict(arrays))
    np.savez(path, **changed)
    with pytest.raises(InvalidInput, match=says) as caught:
        Gallery.load(path)
    assert str(path) in str(caught.value)


def test_what_is_no_gallery_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    path = tmp_path / "people.npz"
    gallery.save(path)
    whole = path.read_bytes()
    for data in (b"", b"not a zip", whole[: len(whole) // 2], whole[:200] + b"\xff" * 40 + whole[240:]):
        path.write_bytes(data)
        with pytest.raises(InvalidInput, match="is no gallery, or damaged"):
            Gallery.load(path)
    with pytest.raises(InvalidInput, match="is not a file"):
        Gallery.load(tmp_path / "absent.npz")


def test_a_small_file_cannot_unpack_into_a_large_one(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    array = io.BytesIO()
    np.save(array, np.zeros((100_000, 512), np.float32))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("embeddings.npy", array.getvalue())
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InvalidInput, match="it holds 204800128 bytes"):
        Gallery.load(path)
