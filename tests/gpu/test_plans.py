"""On a GPU, with TensorRT and Triton 26.07 or newer: real plans, their parity, and serving them.

Run them in NVIDIA's Triton container, whose server is on PATH: ``pytest tests/gpu -m gpu``. Beside the extras
``exporters``, ``tensorrt`` and ``dev`` they want ``tensorrt`` of just the version of the container's
libnvinfer, and ``onnxruntime-gpu`` in place of ``onnxruntime``. LIVEROOM_GPU_REPOSITORY names a repository
with graphs in fp32, as ``python -m exporters --precision fp32 --out DIR`` makes one. Unless asked for with
``-m gpu`` none is run.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from exporters import cli
from exporters.install import read_manifest
from exporters.tensorrt.attempt import SIDES, Candidate
from exporters.tensorrt.gpu import on_gpu, this_gpu
from exporters.tensorrt.parity import compare, judge, on_cpu
from exporters.tensorrt.targets import PLANS
from server.canary import probe
from server.repository import Repository
from tooling.sources import Library

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(3600)]  # building takes minutes for each network
REPOSITORY = Path(__file__).parents[2] / "model_repository"
START_S = 600.0


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a plan of every network, built here."""
    output = tmp_path_factory.mktemp("planned")
    source = os.environ.get("LIVEROOM_GPU_REPOSITORY", str(REPOSITORY))
    assert cli.main(["--target", "tensorrt", "--repository", source, "--out", str(output), "--json"]) == 0
    return output


@pytest.mark.parametrize("model", sorted(PLANS))
def test_a_plan_gives_what_its_fp32_graph_gives(planned: Path, model: str) -> None:
    candidate = Candidate(model, planned, Library())
    manifest = read_manifest(planned, model)
    assert manifest is not None
    precision = manifest["files"]["model.plan"]["precision"]
    assert precision == PLANS[model].precisions[0], "a precision was refused: the manifest says why"
    feeds = [candidate.feed(side) for side in SIDES]
    with on_gpu((planned / model / "1" / "model.plan").read_bytes()) as network:
        got = [network(feed) for feed in feeds]
    reference = on_cpu(candidate.graph)
    judge(
        compare(PLANS[model], PLANS[model].precisions[0], [reference(feed) for feed in feeds], got, "again")
    )


def test_a_second_run_builds_nothing(planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["nsfw", "--target", "tensorrt", "--repository", str(planned), "--out", str(planned)]
    started = time.monotonic()
    assert cli.main([*arguments, "--json"]) == 0
    assert '"status": "cached"' in capsys.readouterr().out
    assert time.monotonic() - started < 60


@pytest.fixture(scope="module")
def triton(planned: Path) -> Iterator[str]:
    """The address of the container's own tritonserver, ready with every model as a GPU serves it."""
    server = shutil.which("tritonserver")
    assert server, "no tritonserver on PATH: run this in NVIDIA's Triton container"
    assert this_gpu().tensorrt
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--model-repository={planned}", "--model-config-name=gpu", f"--grpc-port={port}"]
    bound = ["--grpc-address=127.0.0.1", "--allow-http=false", "--allow-metrics=false"]
    process = subprocess.Popen([server, *options, *bound])
    try:
        deadline = time.monotonic() + START_S
        with InferenceServerClient(f"127.0.0.1:{port}") as client:
            while not _ready(client):
                assert process.poll() is None, "tritonserver ended by itself: see its log above"
                assert time.monotonic() < deadline, f"not ready after {START_S:.0f} s"
                time.sleep(1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _ready(client: InferenceServerClient) -> bool:
    try:
        return bool(client.is_server_ready())
    except InferenceServerException:
        return False


def test_triton_serves_every_model(planned: Path, triton: str) -> None:
    """A real inference of each, the Python ones and ensembles too."""
    models = Repository(planned, "gpu").resolve(Repository(planned).names())
    for model in models.values():
        probe(triton, model, models, 60)
