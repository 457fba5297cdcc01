"""ONNX Runtime tells Microsoft what it runs, unless it is told not to: nothing of ours lets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server import launch
from tests import models

PROJECT = Path(__file__).parents[2]
LOAD = "import sys; {first}; import onnxruntime; onnxruntime.InferenceSession(sys.argv[1])"


def written(first: str, environment: dict[str, str], folder: Path) -> list[str]:
    """What a process leaves behind that runs `first` and then loads a model."""
    home = folder / "home"
    home.mkdir()
    model = models.identity(folder) / "1" / "model.onnx"
    places = {"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home)}
    command = [sys.executable, "-c", LOAD.format(first=first), str(model)]
    subprocess.run(command, cwd=PROJECT, env=environment | places, check=True, timeout=60)
    return [str(file) for file in home.rglob("*") if file.is_file()]


@pytest.fixture
def unset() -> dict[str, str]:
    """Our environment without what turns it off."""
    return {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}


def test_exports_and_measurements_tell_nobody(tmp_path: Path, unset: dict[str, str]) -> None:
    assert not written("import exporters", unset, tmp_path)


def test_servers_tell_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unset: dict[str, str]) -> None:
    for name in set(os.environ) - set(unset):
        monkeypatch.delenv(name)
    assert not written("pass", launch.environment(), tmp_path)


def test_the_image_tells_nobody() -> None:
    stages = (PROJECT / "k8s" / "Dockerfile").read_text().split("\nFROM ")
    (served,) = [stage for stage in stages if "tritonserver" in stage]
    assert "ORT_DISABLE_TELEMETRY=1" in served
