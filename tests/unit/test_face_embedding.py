"""Alignment as dlib does it, and embeddings by which people are told apart."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.pictures import Image, photos, read_image
from exporters.errors import ExportError
from exporters.face_embedding import BYTES, FACE_API, MANIFEST
from exporters.face_embedding.faces import MESH_POINTS, PADDING, RECORD, TEMPLATE, Face, align, faces
from exporters.face_embedding.network import SIDE, FaceNetwork, names
from exporters.face_embedding.recognition import THRESHOLD, pairs
from exporters.face_embedding.weights import Entry, read_weights, unpacked
from exporters.onnx_tools import Floats
from faces.anatomy import _CHIP_PADDING, _CHIP_POINTS, _CHIP_TEMPLATE, chip
from faces.geometry import Levels
from tooling.sources import Library


@pytest.fixture(scope="module")
def network() -> FaceNetwork:
    return read_weights(Library().path(FACE_API, MANIFEST))


@pytest.fixture(scope="module")
def known() -> list[Face]:
    return faces(Library())


@pytest.fixture(scope="module")
def portrait() -> Image:
    return next(read_image(photo.path) for photo in photos() if photo.name == "astronaut")


POINTS = np.array(json.loads(RECORD.read_text())["astronaut"][0]["points"], np.float32)

BYTES_OF_NOTHING = {
    "name": "x",
    "shape": [6_444_032],
    "quantization": {"dtype": "uint8", "scale": 1.0, "min": 0.0},
}


def embed(network: FaceNetwork, *aligned: Image) -> Floats:
    with torch.no_grad():
        found: Floats = network(torch.from_numpy(np.stack(aligned))).numpy()
    return found


def test_points_that_fit_dlib_s_template_are_cut_out_as_they_are() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (200, 180, 3), np.uint8)
    points = (TEMPLATE + PADDING) / (1 + 2 * PADDING) * SIDE + (20, 31)
    np.testing.assert_array_equal(align(picture, points.astype(np.float32)), picture[31:181, 20:170])


def test_a_face_is_the_same_upside_down_large_and_small(network: FaceNetwork, portrait: Image) -> None:
    turned = align(np.rot90(portrait, 2).copy(), portrait.shape[0] - POINTS)
    large = align(portrait.repeat(3, axis=0).repeat(3, axis=1), POINTS * 3)
    small = align(portrait[::2, ::2].copy(), POINTS / 2)
    straight, *others = embed(network, align(portrait, POINTS), turned, large, small)
    assert np.linalg.norm(straight) == pytest.approx(1, abs=1e-5)
    for other, limit in zip(others, (0.02, 0.1, 0.25), strict=True):
        assert np.linalg.norm(straight - other) < limit


def test_a_face_that_reaches_out_of_the_picture_is_black_there(portrait: Image) -> None:
    left = int(POINTS[:, 0].min())
    aligned = align(portrait[:, left:].copy(), POINTS - (left, 0))
    assert not aligned[:, :20].any()
    assert aligned[40:110, 75:].all(axis=2).any()


def test_the_server_aligns_alike(network: FaceNetwork, portrait: Image) -> None:
    assert (_CHIP_POINTS, _CHIP_PADDING) == (MESH_POINTS, PADDING)
    np.testing.assert_array_equal(_CHIP_TEMPLATE, TEMPLATE.astype(np.float32))
    mesh = np.zeros((468, 3), np.float32)
    mesh[list(MESH_POINTS), :2] = POINTS
    served = Levels(portrait).cut(chip(mesh), SIDE, SIDE)
    one, other = embed(network, align(portrait, POINTS), served)
    assert np.linalg.norm(one - other) < 0.03


def test_two_photos_of_one_person_are_near_two_people_are_not(
    network: FaceNetwork, known: list[Face]
) -> None:
    chosen = [face for face in known if face.dlib is not None]
    same, others, frames, strangers = pairs(chosen, embed(network, *(face.aligned for face in chosen)))
    # Three photos of one man, two crops of the first, which do not count with it; two of another.
    assert (len(same), len(others), len(frames), len(strangers)) == (3 + 2 * 2 + 1, 9 * 8 // 2 - 11, 0, 0)
    assert same.max() < THRESHOLD < others.min()


def test_pairs_nobody_knows_about_do_not_count() -> None:
    def face(person: str, shot: str, frame: int | None = None) -> Face:
        return Face(person, shot, frame, np.zeros((SIDE, SIDE, 3), np.uint8), None)

    crowd = [face("a:1#0", "1"), face("a:1#1", "1"), face("a:2#0", "2"), face("b", "3")]
    clip = [face("c", "clip", 0), face("c", "clip", 12), face("c", "clip", 24)]
    same, others, frames, strangers = pairs([*crowd, *clip], np.eye(7, 128, dtype=np.float32))
    assert (len(same), len(others), len(frames), len(strangers)) == (0, 1 + 3, 2, 4 * 3)


def dlib_file(raw: bytes, entries: list[Entry], path: Path) -> Path:
    """face-api's weights as dlib would have written them, other things between the tensors."""

    def integer(number: int) -> bytes:
        stored = number.to_bytes((number.bit_length() + 7) // 8, "little")
        return bytes([len(stored)]) + stored

    def tensor(array: Floats, *sizes: int) -> bytes:
        return b"\x05con_4" + b"".join(map(integer, (2, *sizes))) + array.astype("<f4").tobytes() + bytes(300)

    arrays = {name: array.numpy() for name, array in unpacked(entries, raw).items()}
    written = b"\x01\x01\x01\x0dloss_metric_2"
    for name in names():
        filters = arrays[f"{name}/conv/filters"].transpose(3, 2, 0, 1)
        for halves in (
            (filters.ravel(), arrays[f"{name}/conv/bias"]),
            (arrays[f"{name}/scale/weights"], arrays[f"{name}/scale/biases"]),
        ):
            both = np.concatenate(halves)
            written += tensor(both, len(both), 1, 1, 1)
    path.write_bytes(written + tensor(arrays["fc"], 256, 128, 1, 1))
    return path


def test_weights_come_out_of_a_file_of_dlib_s_own(network: FaceNetwork, tmp_path: Path) -> None:
    folder = Library().fetch(FACE_API)
    (group,) = json.loads((folder / MANIFEST).read_text())
    path = dlib_file((folder / BYTES).read_bytes(), group["weights"], tmp_path / "weights.dat")
    found = read_weights(path).state_dict()
    for name, array in network.state_dict().items():
        torch.testing.assert_close(found[name], array)
    for cut, message in ((-100_000, "the file is cut short"), (-131_400, "no tensor of 256 x 128")):
        (tmp_path / "part.dat").write_bytes(path.read_bytes()[:cut])
        with pytest.raises(ExportError, match=rf"part\.dat is not dlib's face network.*{message}"):
            read_weights(tmp_path / "part.dat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paths": ["gone.bin"]}, r"No such file .*gone\.bin"),
        ({"weights": [BYTES_OF_NOTHING]}, "conv32_down"),
        ({"weights": [{"name": "fc", "shape": [256, 128]}]}, "speaks of 131072 bytes, there are 6444032"),
    ],
)
def test_a_manifest_that_does_not_fit_its_bytes_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = Library().fetch(FACE_API)
    (group,) = json.loads((folder / MANIFEST).read_text())
    (tmp_path / Path(BYTES).name).symlink_to(folder / BYTES)
    (tmp_path / "manifest.json").write_text(json.dumps([group | change]))
    with pytest.raises(ExportError, match=message):
        read_weights(tmp_path / "manifest.json")
