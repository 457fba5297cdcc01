"""perf_analyzer on real servers: what it measures, what it can't, and `perf models` on a model of ours."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from perf.inputs import command
from perf.inputs.recorded import Inputs, Step
from perf.load import analyzer
from perf.models import bare
from perf.models.measuring import measure, steps
from server import Triton

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
WINDOW_S = 0.2


def given(folder: Path, streams: list[list[Step]], *, sequences: bool = False) -> list[str]:
    """perf_analyzer's options for these inputs."""
    file = folder / "inputs.json"
    Inputs("", streams).write(file, sequences=sequences)
    return ["--input-data", str(file)]


def test_a_load_is_consistent(small_triton: Triton) -> None:
    load = analyzer.measure(small_triton.grpc, "identity", 4, window_s=WINDOW_S)
    assert load.concurrency == 4
    assert 0 < load.p50_ms <= load.p95_ms <= load.p99_ms
    assert load.requests == pytest.approx(load.per_second * 3 * WINDOW_S, rel=0.5)


def test_a_refused_request_is_no_measurement(small_triton: Triton, tmp_path: Path) -> None:
    steps: list[Step] = [{"x": np.array([x], np.int64)} for x in (0, 1, 7)]
    arguments = given(tmp_path, [steps])
    with pytest.raises(RuntimeError, match=r"'picky'.*out of data bounds") as failed:
        analyzer.measure(small_triton.grpc, "picky", 4, window_s=WINDOW_S, arguments=arguments)
    assert str(failed.value).count("out of data bounds") == 1


def test_a_model_that_is_not_there_is_said(small_triton: Triton) -> None:
    with pytest.raises(RuntimeError, match="nosuch"):
        analyzer.measure(small_triton.grpc, "nosuch", 1, window_s=WINDOW_S)


def test_sequences_that_answer_many_times_over_one_stream(small_triton: Triton, tmp_path: Path) -> None:
    streams: list[list[Step]] = [[{"x": np.array([times], np.int32)} for times in (1, 2)]] * 2
    arguments = [*given(tmp_path, streams, sequences=True), "--streaming"]
    load = analyzer.measure(small_triton.grpc, "echo", 2, window_s=WINDOW_S, arguments=arguments)
    assert load.requests > 10


def test_a_window_that_is_too_short_is_tried_longer(live_triton: Triton, tmp_path: Path) -> None:
    (written,) = command.write(command.chosen(["whisper_encoder"]), tmp_path, Console(quiet=True))
    load = analyzer.measure(
        live_triton.grpc, "whisper_encoder", 1, window_s=0.03, arguments=written.arguments
    )
    assert load.requests >= 1


def test_a_sequence_model_is_measured_served_and_bare(
    live_triton: Triton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare, "TRY_S", 0.02)
    (written,) = command.write(command.chosen(["voice_activity"]), tmp_path, Console(quiet=True))
    told: list[str] = []
    rows = measure(live_triton, written, [1, 2], 1, WINDOW_S, told.append)
    assert len(told) == steps(written, [1, 2], 1)
    assert [row["concurrency"] for row in rows] == [1, 2]
    for row in rows:
        assert row["name"] == "voice_activity"
        assert row["bare_per_s"]
        assert row["served_over_bare"] == pytest.approx(row["infer_per_s"] / row["bare_per_s"], rel=0.01)
        assert 0 < row["compute_ms"] < row["p99_ms"]
        assert row["runs"]["infer_per_s"] == [row["infer_per_s"]]
        assert set(row["batches"]) <= {"1", "2"}
        assert row["batch"]
        assert 1 <= row["batch"] <= row["concurrency"]


def test_rooms_that_end_are_measured(live_triton: Triton, tmp_path: Path) -> None:
    (written,) = command.write(command.chosen(["captions"]), tmp_path, Console(quiet=True))
    load = analyzer.measure(live_triton.grpc, "captions", 2, window_s=1.0, arguments=written.arguments)
    assert load.requests >= 3


@pytest.mark.parametrize("model", ["log_mel", "denoise"])
def test_the_commands_of_the_docs_work(model: str, live_triton: Triton, tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "measuring.md").read_text()
    (words,) = re.findall(rf"^    python (-m perf analyzer -m {model} .*)$", page, re.MULTILINE)
    environment = os.environ | {"LIVEROOM_URL": live_triton.grpc, "PYTHONPATH": str(PROJECT)}
    short = ["-p", "200", "-r", "3", "-s", "999"]
    for arguments in (["-m", "perf", "inputs", model, "--json"], [*words.split(), *short]):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        if "--json" in arguments:
            (written,) = json.loads(done.stdout)["inputs"]
            assert written["command"] == f"python {words}"
    assert "Throughput" in done.stdout
