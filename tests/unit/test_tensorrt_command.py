"""``python -m exporters --target tensorrt`` without a GPU, and one repository made out of another."""

import json
from pathlib import Path

import numpy as np
import pytest

from exporters import cli, registry, staging
from exporters.contract import Build, Job, Options
from exporters.errors import ExportError
from exporters.onnx_tools import Array
from exporters.pipeline import export
from exporters.staging import bring
from exporters.state import state
from exporters.tensorrt import attempt, command, gpu, samples
from exporters.tensorrt.targets import Plan, for_plans
from exporters.whisper import EXPORTER
from tests.unit.doubler import Doubler, repository
from tooling.sources import Library


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the tiny family, exported, with all that is committed beside it."""
    for module in (registry, staging):
        monkeypatch.setattr(module, "all_exporters", lambda: {"doubler": Doubler()})
    for module in (attempt, command):
        monkeypatch.setattr(module, "PLANS", {"doubler": Plan({"doubled": 0.1})})
    monkeypatch.setattr(samples, "feed", lambda profiles, side, library: {"number": numbers()})
    folder = repository(tmp_path / "models")
    for file in ("doubler/configs/gpu.pbtxt", "words/warmup/word"):
        (folder / file).parent.mkdir()
        (folder / file).write_text('backend: "tensorrt"')
    export(Doubler(), Options(), folder, Library(tmp_path / "cache"))
    return folder


def numbers() -> Array:
    return np.ones((4, 8), np.float32)


def run(models: Path, *arguments: str) -> int:
    cache = models.parent / "cache"
    return cli.main([*arguments, "--repository", str(models), "--cache", str(cache), "--json"])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_without_tensorrt_one_sentence_says_what_to_do(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "gpu"
    assert run(models, "--target", "tensorrt", "--out", str(output)) == 1
    (line,) = lines(capsys)
    assert "TensorRT is not installed here: build plans on the GPU that will run them" in str(line["error"])
    assert "--check" in str(line["error"])
    assert not output.exists(), "it is found out first, before anything is exported"


def test_check_does_all_but_the_build(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "gpu"
    assert run(models, "doubler", "--target", "tensorrt", "--check", "--out", str(output)) == 0
    exported, planned = lines(capsys)
    assert (exported["status"], planned["status"], planned["precision"]) == ("current", "checked", "fp16")
    assert (planned["model"], planned["refused"]) == ("doubler", [])
    assert not list(output.rglob("*.plan"))
    assert run(models, "--target", "tensorrt", "--check", "--out", str(output), "--precision", "fp32") == 0
    assert lines(capsys)[1]["precision"] == "fp32"


def test_a_check_that_compares_nothing_says_so_and_fails(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PLANS", {})
    check = ["doubler", "--target", "tensorrt", "--check", "--out", str(tmp_path / "gpu")]
    assert run(models, *check) == 1
    assert [line["status"] for line in lines(capsys)] == ["current", "unplanned"]
    cli.main([*check, "--repository", str(models), "--cache", str(tmp_path / "cache")])
    told = " ".join(capsys.readouterr().err.split())
    assert "! doubler: nothing to compare: it becomes no plan" in told


def test_another_repository_gets_what_is_committed_and_what_is_current(models: Path, tmp_path: Path) -> None:
    output = tmp_path / "copy"
    assert run(models, "--out", str(output)) == 0
    assert {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()} == {
        str(path.relative_to(models)) for path in models.rglob("*") if path.is_file()
    }
    assert state(Doubler(), Options(), output) == "current"
    (output / "words/1/words.txt").unlink()
    assert state(Doubler(), Options(), output) == "broken"
    assert run(models, "--out", str(output)) == 0
    assert state(Doubler(), Options(), output) == "current"
    assert run(models, "--out", str(output), "--precision", "int8") == 0
    assert state(Doubler(), Options(precision="int8"), output) == "current"
    assert state(Doubler(), Options(), models) == "current", "the first one is left alone"
    bring(Doubler(), Options(variant="fancy"), models, tmp_path / "none")
    assert not (tmp_path / "none").exists(), "what is not wanted there is not copied"


def test_where_there_is_nothing_to_export_with_it_says_so(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where plans are built: what is current there is not exported, anything else can't be."""

    def build(self: Doubler, job: Job) -> Build:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(Doubler, "build", build)
    arguments = ["--target", "tensorrt", "--check", "--out", str(tmp_path / "gpu")]
    assert run(models, *arguments) == 0
    assert run(models, *arguments, "--variant", "fancy") == 1
    assert "torch is not installed, which this export needs" in str(lines(capsys)[-1]["error"])


def test_plans_start_from_fp32_where_a_cpu_is_served_int8() -> None:
    assert for_plans(EXPORTER, Options(variant="tiny.en")) == Options(precision="fp32", variant="tiny.en")
    assert for_plans(Doubler(), Options()) == Options()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--check"], "--check and --plans go with --target tensorrt"),
        (["--plans", "x"], "--check and --plans go with --target tensorrt"),
        (
            ["--target", "tensorrt", "--precision", "int8"],
            "--precision int8 is none of a plan's: fp16, bf16, fp32",
        ),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(models, *arguments) == 2
    assert lines(capsys)[0]["error"] == message


def nvidia_smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a program of that name on PATH, and a TensorRT beside it."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(gpu, "_tensorrt_version", lambda: "11.4.0.106")


def test_the_gpu_is_what_nvidia_smi_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia_smi(tmp_path, 'echo "NVIDIA A100-SXM4-80GB, 8.0"', monkeypatch)
    assert gpu.this_gpu() == gpu.Gpu("NVIDIA A100-SXM4-80GB", "8.0", "11.4.0.106")


@pytest.mark.parametrize("script", ["exit 9", "true", "echo nothing"])
def test_no_gpu_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    nvidia_smi(tmp_path, script, monkeypatch)
    with pytest.raises(ExportError, match="no NVIDIA GPU can be seen here"):
        gpu.this_gpu()
