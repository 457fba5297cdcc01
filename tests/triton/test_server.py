"""`Triton` and `python -m server`: starting, failing with one sentence, mending, leaving nothing behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from urllib.error import HTTPError

import numpy as np
import psutil
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from server import ServerError, Triton, stub_supervisor
from server.loader import Loader
from tests import models
from tests.waiting import until

SHM = Path("/dev/shm")  # noqa: S108
PROJECT = Path(__file__).parents[2]


def infer(client: InferenceServerClient, model: str) -> None:
    x = InferInput("x", [1, models.VECTOR], "FP32")
    x.set_data_from_numpy(np.ones((1, models.VECTOR), np.float32))
    client.infer(model, [x], client_timeout=20)


def stub_of(triton: Triton, model: str) -> psutil.Process:
    return next(stub for stub in psutil.Process(triton.pid).children() if f"/{model}/1/" in command_of(stub))


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # gone, or a zombie
        return ""


def test_metrics_are_served_and_http_is_off(small_triton: Triton) -> None:
    with urllib.request.urlopen(small_triton.metrics, timeout=10) as response:  # noqa: S310
        assert b"nv_inference_request_success" in response.read()
    assert small_triton.http is None


def test_it_serves_whatever_temporary_folders_are_called(tmp_path: Path) -> None:
    odd = tmp_path / "有 a'b$c;d"
    odd.mkdir()
    models.identity(tmp_path / "模型 and more")
    command = [sys.executable, "-m", "server", "--repository", str(tmp_path / "模型 and more"), "--json"]
    with subprocess.Popen(
        [*command, "--models", "identity", "--grpc-port", "0", "--metrics-port", "0", "--drain", "0"],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(odd)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        with InferenceServerClient(json.loads(server.stdout.readline())["grpc"]) as client:
            infer(client, "identity")
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    assert not list(odd.iterdir())


def test_what_a_model_requires_comes_with_it(tmp_path: Path) -> None:
    for write in (models.identity, models.echo, models.twice):
        write(tmp_path)
    with Triton(tmp_path, ["echo"], drain_s=0, http_port=0) as triton:
        assert list(triton.models) == ["identity", "echo"]
        with urllib.request.urlopen(f"http://{triton.http}/v2/health/ready", timeout=10) as response:
            assert response.status == 200


@pytest.fixture
def crashing(tmp_path: Path) -> Iterator[Triton]:
    """A server of its own for tests that kill something."""
    for write in (models.identity, models.affine, models.pipeline):
        write(tmp_path)
    with Triton(tmp_path, drain_s=20, log_file=tmp_path / "triton.log") as triton:
        yield triton


def test_a_killed_stub_comes_back_while_others_serve(crashing: Triton) -> None:
    slowest = {"identity": 0.0, "affine": 0.0}
    failures = {"identity": 0, "affine": 0}
    done = threading.Event()

    def call(model: str) -> None:
        with InferenceServerClient(crashing.grpc) as client:
            while not done.is_set():
                began = time.monotonic()
                try:
                    infer(client, model)
                except InferenceServerException:
                    failures[model] += 1
                slowest[model] = max(slowest[model], time.monotonic() - began)

    callers = [threading.Thread(target=call, args=(model,)) for model in ("identity", "affine") * 3]
    for caller in callers:
        caller.start()
    time.sleep(0.3)
    victim = stub_of(crashing, "identity")
    victim.kill()
    with InferenceServerClient(crashing.grpc) as client:
        assert until(lambda: failures["identity"] > 0, 5)
        assert until(lambda: answers(client, "identity") and answers(client, "pipeline"), 15)
        done.set()
        for caller in callers:
            caller.join()
    assert failures["affine"] == 0
    assert slowest["affine"] < 3
    assert slowest["identity"] < 5, "callers of the dead model got no quick error"
    assert stub_of(crashing, "identity") != victim


def answers(client: InferenceServerClient, model: str) -> bool:
    try:
        infer(client, model)
    except InferenceServerException:
        return False
    return True


@pytest.mark.thorough
def test_two_models_of_an_ensemble_that_die_at_once_come_back(crashing: Triton) -> None:
    """As a machine without memory ends them: neither may be asked before both are there."""
    victims = [stub_of(crashing, model) for model in ("identity", "affine")]
    for victim in victims:
        victim.kill()
    with InferenceServerClient(crashing.grpc) as client:
        assert until(lambda: not any(stub_supervisor._alive(victim) for victim in victims), 5)
        assert until(lambda: answers(client, "pipeline"), 15)


@pytest.mark.thorough
def test_a_model_that_dies_while_another_is_loaded_again_comes_back_too(
    crashing: Triton, monkeypatch: pytest.MonkeyPatch
) -> None:
    reload, victim = Loader.reload, stub_of(crashing, "affine")

    def and_another_dies(loader: Loader, names: Collection[str]) -> None:
        reload(loader, names)
        if "identity" in names:
            victim.kill()
            until(lambda: not stub_supervisor._alive(victim), 5)

    monkeypatch.setattr(Loader, "reload", and_another_dies)
    stub_of(crashing, "identity").kill()
    with InferenceServerClient(crashing.grpc) as client:
        assert until(lambda: not stub_supervisor._alive(victim), 15)
        assert until(lambda: answers(client, "pipeline"), 15)


@pytest.mark.thorough
def test_a_load_that_someone_asks_for_is_no_death(tmp_path: Path) -> None:
    said: list[str] = []
    folder = models.identity(tmp_path)
    with Triton(tmp_path, drain_s=0, progress=said.append) as triton:
        first = stub_of(triton, "identity")
        (folder / "1" / "model.onnx").touch()
        with InferenceServerClient(triton.grpc) as client:
            client.load_model("identity")
            assert until(lambda: not first.is_running(), 10)
            time.sleep(1)
            assert stub_of(triton, "identity") != first
            client.unload_model("identity")
            time.sleep(3)
            assert not client.is_model_ready("identity")
    assert not [message for message in said if "died" in message]


def kill_twice(triton: Triton, model: str, client: InferenceServerClient) -> None:
    first = stub_of(triton, model)
    first.kill()
    assert until(lambda: stub_of_or(triton, model, first) != first and answers(client, model), 15)
    stub_of(triton, model).kill()


@pytest.mark.thorough
def test_a_model_that_keeps_dying_without_which_nothing_answers_ends_the_server(
    crashing: Triton, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stub_supervisor, "RELOADS", 1)
    with InferenceServerClient(crashing.grpc) as client:
        kill_twice(crashing, "affine", client)
    with pytest.raises(ServerError, match=r"model 'affine' died 2 times .* nothing answers without it"):
        crashing.wait()


@pytest.mark.thorough
def test_a_model_that_keeps_dying_goes_out_of_service_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it what needs it; it comes back when it has been out of service for long enough."""
    for write in (models.identity, models.affine, models.pipeline, models.twice):
        write(tmp_path)
    monkeypatch.setattr(stub_supervisor, "RELOADS", 1)
    said: list[str] = []
    with (
        Triton(tmp_path, drain_s=0, ready_port=0, progress=said.append) as triton,
        InferenceServerClient(triton.grpc) as client,
    ):
        well = stub_of(triton, "twice")
        kill_twice(triton, "affine", client)
        gone = r"model 'affine' died 2 times in \d+ s and is out of service.* pipeline; going on: twice"
        assert until(lambda: any(re.fullmatch(gone, each) for each in said), 15)
        began = time.monotonic()
        for model in ("affine", "pipeline"):
            with pytest.raises(InferenceServerException, match="affine"):
                infer(client, model)
        assert time.monotonic() - began < 8, "who asks it gets no quick error"
        assert answers(client, "identity")
        for path, status in (("ready", 503), ("ready/pipeline", 503), ("ready/twice", 200), ("live", 200)):
            url = f"{str(triton.ready).removesuffix('ready')}{path}"
            assert until(partial(says, url, status), 10), path
        with urllib.request.urlopen(f"{str(triton.ready).removesuffix('ready')}metrics") as page:  # noqa: S310
            assert b'\nliveroom_model_out_of_service{model="affine"} 1\n' in page.read()
        monkeypatch.setattr(stub_supervisor, "WINDOW_S", 1.0)
        assert until(lambda: answers(client, "pipeline"), 15)
        assert said[-1] == "model 'affine' is back in service"
        assert until(lambda: status_of(str(triton.ready)) == 200, 10)
        assert stub_of(triton, "twice") == well


def says(url: str, status: int) -> bool:
    return status_of(url) == status


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code


def stub_of_or(triton: Triton, model: str, default: psutil.Process) -> psutil.Process:
    try:
        return stub_of(triton, model)
    except StopIteration:
        return default


def test_a_dead_tritonserver_is_reported(crashing: Triton) -> None:
    psutil.Process(crashing.pid).kill()
    with pytest.raises(ServerError, match="tritonserver ended by itself"):
        crashing.wait()


IO = models.tensor("input", "x", "FP32", models.VECTOR) + models.tensor("output", "y", "FP32", models.VECTOR)
SLEEPER = """
import time
import serving_common
import triton_python_backend_utils as pb


class TritonPythonModel:
    def execute(self, requests):
        x = pb.get_input_tensor_by_name(requests[0], "x").as_numpy()
        time.sleep(600 * x[0])
        return [pb.InferenceResponse([pb.Tensor("y", x)])]
"""
"""Code of a model that is at work for as many times ten minutes as x says."""


def test_a_process_at_work_goes_with_a_server_that_is_killed(tmp_path: Path) -> None:
    models.write(tmp_path, "sleeper", models.PYTHON + IO, code=SLEEPER)
    with Triton(tmp_path, drain_s=0) as triton, InferenceServerClient(triton.grpc) as client:
        process = stub_of(triton, "sleeper")
        x = InferInput("x", [models.VECTOR], "FP32")
        x.set_data_from_numpy(np.ones(models.VECTOR, np.float32))
        with pytest.raises(InferenceServerException, match="Deadline"):
            client.infer("sleeper", [x], client_timeout=1)
        psutil.Process(triton.pid).kill()
        assert until(lambda: not process.is_running(), 10)


BAD_BATCHING = "max_batch_size: 4 dynamic_batching { preferred_batch_size: [9] }\n"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        (
            "1/model.onnx",
            None,
            r"/identity/1/model\.onnx does not exist: run: python -m exporters identity",
        ),
        ("1/model.onnx", "no", r"'identity' can't be loaded: .*/1/model\.onnx"),
        ("config.pbtxt", "max_batch_size: many", r"'identity': .*/config\.pbtxt can't be read: 1:17"),
        (
            "config.pbtxt",
            models.ONNX + BAD_BATCHING + IO,
            r"'identity' .*refuses: .*preferred.*config\.pbtxt",
        ),
    ],
    ids=["not exported", "corrupt", "syntax", "semantics"],
)
def test_a_broken_model_is_one_sentence(tmp_path: Path, file: str, content: str | None, message: str) -> None:
    broken = models.identity(tmp_path) / file
    broken.unlink()
    if content is not None:
        broken.write_text(content)
    with pytest.raises(ServerError, match=message) as error:
        Triton(tmp_path, log_file=tmp_path / "triton.log").start()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise FileNotFoundError('no vocabulary.json')", r"no vocabulary\.json \(.*model\.py, line 3\)"),
        ("__import__('os')._exit(3)", "'dying' died while loading"),
    ],
    ids=["raises", "exits"],
)
def test_a_model_that_fails_while_loading(tmp_path: Path, code: str, message: str) -> None:
    source = f"class TritonPythonModel:\n    def initialize(self, args):\n        {code}\n"
    io = models.tensor("input", "x", "FP32", 1) + models.tensor("output", "y", "FP32", 1)
    models.write(tmp_path, "dying", models.PYTHON + io, code=source)
    with pytest.raises(ServerError, match=message):
        Triton(tmp_path, log_file=tmp_path / "triton.log").start()


def test_a_model_that_answers_with_an_error_is_not_ready(tmp_path: Path) -> None:
    source = "class TritonPythonModel:\n    def execute(self, requests):\n        raise ValueError('no')\n"
    io = models.tensor("input", "x", "FP32", 1) + models.tensor("output", "y", "FP32", 1)
    models.write(tmp_path, "mute", models.PYTHON + io, code=source)
    with pytest.raises(ServerError, match=r"'mute' is loaded but does not answer: .*ValueError: no"):
        Triton(tmp_path, log_file=tmp_path / "triton.log").start()


def test_a_port_in_use(small_models: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"gRPC port {port} on 127.0.0.1 can't be used .*in use"):
            Triton(small_models, grpc_port=port, log_file=tmp_path / "triton.log").start()


def test_only_loopback_without_a_flag(small_models: Path) -> None:
    with pytest.raises(ServerError, match=r"refusing to bind to 0\.0\.0\.0.*security fixes"):
        Triton(small_models, bind="0.0.0.0")  # noqa: S104


def command(scratch: Path, *arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "server", "--json", "--grpc-port", "0", "--metrics-port", "0", *arguments]
    return subprocess.Popen(
        line,
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        *(pytest.param(each, marks=pytest.mark.thorough) for each in (signal.SIGINT, signal.SIGKILL)),
    ],
)
def test_a_signal_leaves_nothing_behind(small_models: Path, tmp_path: Path, number: signal.Signals) -> None:
    arguments = ["--repository", str(small_models), "--models", "pipeline"]
    launcher = command(tmp_path, *arguments, "--log-file", str(tmp_path / "triton.log"))
    assert launcher.stdout is not None
    ready = json.loads(launcher.stdout.readline())
    assert ready["ready"] is True
    assert ready["models"] == ["affine", "identity", "pipeline"]
    with InferenceServerClient(ready["grpc"]) as client:
        infer(client, "pipeline")
    server = psutil.Process(ready["pid"])
    family = [server, *server.children(recursive=True)]
    folder = Path(family[-1].cmdline()[0]).parents[2].name
    launcher.send_signal(number)
    launcher.communicate(timeout=20)
    assert launcher.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    assert until(lambda: not any(p.is_running() for p in family), 10)
    assert until(lambda: not list(SHM.glob(f"{folder}*")), 5)


def test_the_command_fails_with_one_line_and_a_code(tmp_path: Path) -> None:
    failing = command(tmp_path, "--repository", str(tmp_path), "--models", "nothing")
    output, errors = failing.communicate(timeout=20)
    assert (failing.returncode, output) == (1, "")
    assert errors.startswith("error: no model 'nothing' in ")
    assert errors.count("\n") == 1


def test_help_says_why_binding_is_unsafe() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "server", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout
    assert "security fixes of 2025-26" in text
