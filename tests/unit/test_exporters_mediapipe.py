"""MediaPipe's networks, exported into a repository of the test's own and looked at on real pictures."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from evaluation.pictures import Image, photos, read_image
from exporters.blazeface.network import CELLS, anchors
from exporters.blazeface.parity import letterbox, rows
from exporters.contract import Options
from exporters.detections import LIKELY, count
from exporters.face_landmarks.parity import around
from exporters.onnx_tools import Floats, Graph
from exporters.pipeline import export
from exporters.registry import all_exporters
from exporters.state import fingerprint
from tooling.sources import Library

ROOT = Path(__file__).parents[2]
MODELS = {
    "blazeface": "face_detector_blazeface",
    "face_landmarks": "face_landmarks",
    "person_segmentation": "person_segmenter",
}
EYES, NOSE, MOUTH, EARS = (0, 1), 2, 3, (4, 5)
"""Of the detector's landmarks."""
MESH_NOSE, MESH_EYES = 1, (33, 263)
"""Tip of the nose and outer corners of the eyes among the 468, the left in the picture first."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three families, exported once."""
    folder = tmp_path_factory.mktemp("repository")
    for family, model in MODELS.items():
        (folder / model).mkdir()
        shutil.copy(ROOT / "model_repository" / model / "config.pbtxt", folder / model)
        assert export(all_exporters()[family], Options(), folder, Library()).status == "exported"
    return folder


@pytest.fixture(scope="module")
def portrait() -> Image:
    """NASA's portrait of Eileen Collins, 512x512: a flag on the left behind her, a rocket on the right."""
    return next(read_image(photo.path) for photo in photos() if photo.name == "astronaut")


def graph(models: Path, name: str) -> Graph:
    return Graph(models / name / "1/model.onnx")


@pytest.mark.parametrize("family", MODELS)
def test_an_export_is_at_parity_and_says_where_it_comes_from(models: Path, family: str) -> None:
    manifest = json.loads((models / MODELS[family] / "1/manifest.json").read_text())
    assert len(manifest["parity"]) >= 2
    assert all(each["passed"] and each["value"] <= each["limit"] for each in manifest["parity"])
    (source,) = manifest["sources"]
    assert (source["package"], source["license"]) == ("mediapipe", "Apache-2.0")
    assert "not published" in source["training_data"]
    assert "not measured" in manifest["group_fairness"]
    again = export(all_exporters()[family], Options(), models, Library())
    assert again.status == "current"
    assert again.seconds < 1


@pytest.mark.parametrize("family", [name for name, exporter in all_exporters().items() if exporter.shared])
def test_code_that_families_share_counts_for_what_is_current(
    monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """One that is misspelled would not."""
    exporter = all_exporters()[family]
    with_all = fingerprint(exporter, Options(), ROOT / "model_repository")
    for left_out in exporter.shared:
        shared = tuple(name for name in exporter.shared if name != left_out)
        with monkeypatch.context() as patch:
            patch.setattr(type(exporter), "shared", shared)
            assert fingerprint(exporter, Options(), ROOT / "model_repository") != with_all, left_out


def detect(models: Path, squares: Image) -> Floats:
    """What BlazeFace finds in pictures [B,192,192,3], likeliest first: [B,64,17]."""
    return rows(*graph(models, MODELS["blazeface"])(image=squares))


def test_a_face_is_found_where_it_is(models: Path, portrait: Image) -> None:
    found = detect(models, letterbox(portrait)[None])[0]
    assert np.all(np.diff(found[:, 0]) <= 0)
    assert count(found) == 1
    left, top, right, bottom = found[0, 1:5] * 512
    assert 160 < left < 190
    assert 60 < top < 90
    assert 260 < right < 290
    assert 150 < bottom < 190
    points = found[0, 5:].reshape(6, 2)
    order = [EARS[0], EYES[0], NOSE, EYES[1], EARS[1]]
    assert np.all(np.diff(points[order, 0]) > 0)
    assert points[EYES, 1].max() < points[NOSE, 1] < points[MOUTH, 1]


def test_a_turned_picture_turns_its_faces_left_and_right(models: Path, portrait: Image) -> None:
    found = detect(models, np.stack([letterbox(portrait), letterbox(portrait[:, ::-1])]))
    left, _, right, _ = found[1, 0, 1:5]
    np.testing.assert_allclose((1 - right, 1 - left), found[0, 0, [1, 3]], atol=0.02)


@pytest.mark.parametrize("value", [0, 127, 255])
def test_nothing_is_found_in_an_empty_picture(models: Path, value: int) -> None:
    empty = np.full((1, 192, 192, 3), value, np.uint8)
    assert detect(models, empty)[0, 0, 0] < LIKELY / 2
    assert graph(models, MODELS["face_landmarks"])(image=empty)[1] < LIKELY
    large = np.full((1, 256, 256, 3), value, np.uint8)
    assert graph(models, MODELS["person_segmentation"])(image=large)[0].mean() < 0.1


def test_anchors_are_the_centres_of_cells_row_by_row() -> None:
    assert anchors().shape == (CELLS * CELLS, 2)
    np.testing.assert_allclose(anchors()[[0, 1, CELLS, -1]] * 192, [[2, 2], [6, 2], [2, 6], [190, 190]])


def test_landmarks_lie_on_the_face_the_detector_saw(models: Path, portrait: Image) -> None:
    row = detect(models, letterbox(portrait)[None])[0, 0]
    crop, to_picture = around(portrait, row[1:5])
    landmarks, presence = graph(models, MODELS["face_landmarks"])(image=crop[None])
    assert presence[0, 0] > 0.99
    points = to_picture(landmarks[0, :, :2])
    seen = row[5:].reshape(6, 2) * 512
    eye_distance = np.linalg.norm(seen[EYES[1]] - seen[EYES[0]])
    assert np.linalg.norm(points[MESH_NOSE] - seen[NOSE]) < 0.2 * eye_distance
    assert points[MESH_EYES[0], 0] < seen[EYES[0], 0] < seen[EYES[1], 0] < points[MESH_EYES[1], 0]
    depth = landmarks[0, :, 2]
    assert depth[MESH_NOSE] < depth[list(MESH_EYES)].min(), "the nose is nearest"


def test_a_crop_without_a_face_is_told(models: Path, portrait: Image) -> None:
    rocket = np.ascontiguousarray(portrait[0:192, 320:512])
    assert graph(models, MODELS["face_landmarks"])(image=rocket[None])[1][0, 0] < 0.5


def test_a_person_is_told_from_what_is_behind(models: Path, portrait: Image) -> None:
    square = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    mask = graph(models, MODELS["person_segmentation"])(image=square[None])[0][0]
    assert mask.shape == (256, 256)
    assert mask[40:75, 95:128].mean() > 0.98, "her face"
    assert mask[180:250, 60:120].mean() > 0.98, "her suit"
    assert mask[0:100, 180:256].mean() < 0.02, "the rocket"
    assert mask[0:100, 0:60].mean() < 0.02, "the flag"
