"""`python -m perf peers`: its loops against the real server, and whole with the quickest peer to set up."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from perf.load import grpc_load
from perf.peers import contenders
from perf.peers.subjects import IDENTITY, prepare
from perf.peers.wires import V2Grpc
from server import Triton
from tooling.sources import Library

PROJECT = Path(__file__).parents[2]


def test_ours_and_the_v2_protocol_answer_under_load(tmp_path: Path) -> None:
    subject = prepare(IDENTITY, tmp_path, Library())
    wire = V2Grpc(IDENTITY, "x")
    with Triton(subject.repository, [IDENTITY], drain_s=0) as triton:
        ports = [int(triton.grpc.rpartition(":")[2])]
        assert subject.is_right(wire.ask(ports, subject.x))
        good = wire.load(ports, subject.x, subject.y, 2, 0.3)
        wrong = grpc_load.request(IDENTITY, {"x": np.zeros((1, 15), np.float32)})
        bad = grpc_load.measure(f"127.0.0.1:{ports[0]}", [wrong], 2, seconds=0.1, answer_bytes=64)
    assert good.errors == 0
    assert good.per_second > 50
    assert (bad.per_second, bad.p99_ms) == (0, None)
    assert bad.first_error.startswith("INVALID_ARGUMENT")


def test_onnx_runtime_without_a_server_is_the_limit(tmp_path: Path) -> None:
    subject = prepare(IDENTITY, tmp_path, Library())
    with contenders.bare(subject) as load:
        found = load(4, 0.2)
    assert found.errors == 0
    assert found.per_second > 1000


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fastapi_is_measured_against_ours(tmp_path: Path) -> None:
    out = tmp_path / "peers.json"
    command = [
        sys.executable,
        "-m",
        "perf",
        "peers",
        "--models",
        IDENTITY,
        "--peers",
        "fastapi",
        "in-process",
    ]
    command += ["--concurrency", "1", "4", "--repeat", "1", "--seconds", "0.6", "--json", "--out", str(out)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=600)
    result = json.loads(done.stdout)
    assert result == json.loads(out.read_text(encoding="utf-8"))
    assert result["kind"] == "peers"
    assert [(row["peer"], row["concurrency"]) for row in result["results"]] == [
        ("fastapi", 1),
        ("fastapi", 4),
        ("in-process", 1),
        ("in-process", 4),
    ]
    for row in result["results"]:
        assert row["errors"] == 0
        assert row["throughput_ratio"] == pytest.approx(row["ours_per_s"] / row["peer_per_s"], rel=0.01)
        assert row["peer_p50_ms"] <= row["peer_p99_ms"]
    assert result["results"][0]["peer_version"] == "0.121.2"
    assert (tmp_path / "peers-peers-identity.png").exists()
