"""The real families, exported from their sources into a repository of the test's own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from evaluation.speech import SAMPLE_RATE, SOURCES, clips
from exporters.contract import Options
from exporters.errors import ExportError, GateError
from exporters.log_mel.reference import log_mel
from exporters.onnx_tools import Floats, Graph
from exporters.pipeline import export
from exporters.registry import all_exporters
from tooling.sources import Library

ROOT = Path(__file__).parents[2]
FAMILIES = ("log_mel", "voice_activity", "denoise")


pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every small family, exported once."""
    folder = tmp_path_factory.mktemp("repository")
    for name in FAMILIES:
        (folder / name).mkdir()
        shutil.copy(ROOT / "model_repository" / name / "config.pbtxt", folder / name)
        assert export(all_exporters()[name], Options(), folder, Library()).status == "exported"
    return folder


@pytest.mark.parametrize("name", FAMILIES)
def test_an_export_is_at_parity_with_its_source(models: Path, name: str) -> None:
    manifest = json.loads((models / name / "1" / "manifest.json").read_text())
    assert len(manifest["parity"]) >= 2
    assert all(each["passed"] and each["value"] <= each["limit"] for each in manifest["parity"])
    assert all(source["license"] == "MIT" and source["training_data"] for source in manifest["sources"])
    assert [source["package"] for source in manifest["evaluation_data"]] == [each.package for each in SOURCES]


def test_denoising_gains_several_db_on_noisy_speech(models: Path) -> None:
    manifest = json.loads((models / "denoise" / "1" / "manifest.json").read_text())
    assert manifest["accuracy"][0]["value"] > manifest["accuracy"][0]["limit"] == 6.0


def test_large_v3s_128_bands_need_a_config_of_128(tmp_path: Path) -> None:
    folder = tmp_path / "log_mel"
    folder.mkdir()
    config = (ROOT / "model_repository/log_mel/config.pbtxt").read_text()
    (folder / "config.pbtxt").write_text(config)
    exporter = all_exporters()["log_mel"]
    with pytest.raises(GateError, match=r"features is TYPE_FP32 \[-1, 80, -1\] in the config"):
        export(exporter, Options(variant="128"), tmp_path, Library())


def test_features_of_silence_and_of_an_odd_length(models: Path) -> None:
    graph = Graph(models / "log_mel/1/model.onnx")
    for samples in (16_000, 16_001, 16_159, 480_000):
        features = graph(waveform=np.zeros((1, samples), np.float32))[0]
        assert features.shape == (1, 80, samples // 160)
        assert np.all(features == features[0, 0, 0])
    noise = np.random.default_rng(0).standard_normal(16_159).astype(np.float32)
    np.testing.assert_allclose(graph(waveform=noise[None])[0][0], log_mel(noise, 80), atol=1e-4)


def activity(models: Path, audio: Floats) -> Floats:
    graph = Graph(models / "voice_activity/1/model.onnx")
    whole = audio[: len(audio) // 512 * 512]
    state, context = np.zeros((1, 2, 128), np.float32), np.zeros((1, 64), np.float32)
    probability: Floats = graph(audio=whole[None], state=state, context=context)[0][0]
    return probability


def test_speech_is_told_from_silence_noise_and_tones(models: Path) -> None:
    time = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(time)) * 0.05
    others = (np.zeros(len(time)), noise, 0.3 * np.sin(2 * np.pi * 440 * time))
    for quiet in others:
        assert np.mean(activity(models, quiet.astype(np.float32)) > 0.5) < 0.05
    for clip in clips():
        assert np.mean(activity(models, clip.audio) > 0.5) > 0.4, clip.name


def test_a_checkpoint_of_another_network_is_refused(models: Path) -> None:
    other = models / "log_mel/1/model.onnx"
    for name in ("voice_activity", "denoise"):
        with pytest.raises(ExportError, match=r"is not (Silero|GTCRN)"):
            export(all_exporters()[name], Options(checkpoint=other), models, Library())


def test_the_speech_is_real_and_has_its_words() -> None:
    found = clips()
    assert len(found) == 13
    assert {clip.language for clip in found} == {"en", "zh"}
    assert [clip.name for clip in clips("zh")] == ["zh-jishu", "zh-nihao_shijie", "zh-pangrama"]
    for clip in found:
        assert clip.audio.dtype == np.float32
        assert 0.02 < np.abs(clip.audio).max() <= 1.0
        assert clip.text
        characters_per_second = len(clip.text) / clip.seconds
        assert 2 < characters_per_second < 25, clip.name
