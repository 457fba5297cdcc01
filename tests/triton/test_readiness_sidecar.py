"""/ready and /live of a real server: what counts as an answer, and what would be a false alarm."""

import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from server import Triton, health_monitor, launch
from tests import models
from tests.waiting import until

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
KEY = "k" * 24
_PODS = yaml.safe_load((PROJECT / "k8s" / "base" / "triton" / "deployment.yaml").read_text(encoding="utf-8"))
PRE_STOP = _PODS["spec"]["template"]["spec"]["initContainers"][0]["lifecycle"]["preStop"]["exec"]["command"]
"""What the kubelet runs in the container `ready`, where it is process 1, before it tells Triton to end."""
MOODY = """
import time
from pathlib import Path
import triton_python_backend_utils as pb_utils
MOOD = Path({mood!r})
class TritonPythonModel:
    def execute(self, requests):
        mood = MOOD.read_text()
        while mood == "hang" and MOOD.read_text() == "hang":
            time.sleep(0.02)
        if mood == "slow":
            time.sleep(0.2)
        if mood in ("fail", "full"):
            said = "no idea" if mood == "fail" else "[overloaded] 2 rooms are open, all this server takes"
            return [pb_utils.InferenceResponse(error=pb_utils.TritonError(said)) for _ in requests]
        y = pb_utils.Tensor("y", requests[0].inputs()[0].as_numpy())
        return [pb_utils.InferenceResponse([y]) for _ in requests]
"""


class Moody:
    """A server with one model that does as it is told, and its canary, which is in a hurry."""

    def __init__(self, triton: Triton, mood: Path) -> None:
        self.triton = triton
        self.repository = mood.parent / "repository"
        self._mood = mood

    def be(self, mood: str) -> None:
        part = self._mood.with_suffix(".part")
        part.write_text(mood)
        part.replace(self._mood)

    def ask(self, path: str = "ready") -> tuple[int, str]:
        assert self.triton.ready is not None
        return get(self.triton.ready.replace("ready", path))

    def infer(self) -> None:
        x = InferInput("x", [1], "FP32")
        x.set_data_from_numpy(np.zeros(1, np.float32))
        with InferenceServerClient(self.triton.grpc) as client:
            client.infer("moody", [x], client_timeout=20)


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture(scope="module")
def moody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moody]:
    folder = tmp_path_factory.mktemp("moody")
    mood = folder / "mood"
    mood.write_text("well")
    io = models.tensor("input", "x", "FP32", 1) + models.tensor("output", "y", "FP32", 1)
    models.write(folder / "repository", "moody", models.PYTHON + io, code=MOODY.format(mood=str(mood)))
    hurry = {"ASK_S": 0.3, "SPARE_S": 0.3, "DOUBT_S": 0.1, "CLEAN": 2, "PATIENCE_S": 1.0, "STUCK_S": 1.5}
    hurry["GIVE_UP_S"] = 2.0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (hurry | {"_LOOK_S": 0.1}).items():
            patch.setattr(health_monitor, name, value)
        with Triton(folder / "repository", ready_port=0, admin_key=KEY, drain_s=0) as triton:
            yield Moody(triton, mood)


@pytest.fixture
def well(moody: Moody) -> Iterator[Moody]:
    """The server while it is ready, before and after."""
    moody.be("well")
    assert until(lambda: moody.ask()[0] == 200, 10)
    yield moody
    moody.be("well")
    assert until(lambda: moody.ask()[0] == 200, 10)


def test_an_error_makes_it_unready_and_says_which_model(well: Moody) -> None:
    well.be("fail")
    assert until(lambda: well.ask()[0] == 503, 5)
    assert well.ask()[1].startswith("model 'moody' answers with an error: no idea")
    assert well.ask("live")[0] == 200, "a restart is for what does not mend"
    assert "\nliveroom_ready 0\n" in f"\n{well.ask('metrics')[1]}"
    failures = well.ask("metrics")[1].split('liveroom_canary_failures_total{model="moody"} ')[1]
    assert int(failures.split()[0]) >= 1


def test_a_model_that_hangs_makes_it_unready_until_it_answers(well: Moody) -> None:
    well.be("hang")
    assert until(lambda: "model 'moody' has not answered for " in well.ask()[1], 6)
    well.be("well")
    assert until(lambda: well.ask()[0] == 200, 5)


def test_one_that_is_full_is_ready(well: Moody) -> None:
    well.be("full")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert well.ask() == (200, "ready\n")
        time.sleep(0.05)


def test_one_whose_questions_wait_behind_others_is_ready(well: Moody) -> None:
    """12 callers of a model that takes 0.2 s: an answer takes 2.4 s, more than the canary's patience."""
    well.be("slow")
    done = threading.Event()

    def call() -> None:
        while not done.is_set():
            well.infer()

    callers = [threading.Thread(target=call) for _ in range(12)]
    for caller in callers:
        caller.start()
    try:
        end, seen = time.monotonic() + 5, set()
        while time.monotonic() < end:
            seen.add(well.ask())
            time.sleep(0.05)
    finally:
        well.be("well")
        done.set()
        for caller in callers:
            caller.join()
    assert seen == {(200, "ready\n")}


def test_a_killed_stub_is_noticed_at_once(well: Moody) -> None:
    stubs = psutil.Process(well.triton.pid).children()
    next(stub for stub in stubs if "moody" in " ".join(stub.cmdline())).kill()
    assert until(lambda: well.ask() == (503, "a process of moody died\n"), 2)


def test_administration_needs_the_key(well: Moody) -> None:
    well.infer()
    headers = launch.admin_headers(KEY)
    with InferenceServerClient(well.triton.grpc) as client:
        assert client.is_server_ready()
        assert client.get_model_metadata("moody").name == "moody"
        assert client.get_model_repository_index(headers=headers).models[0].name == "moody"
        for refused in (
            client.get_model_repository_index,
            lambda: client.unload_model("moody"),
            client.get_system_shared_memory_status,
            client.get_inference_statistics,
            lambda: client.get_model_config("moody"),
            client.get_log_settings,
            client.get_trace_settings,
        ):
            with pytest.raises(InferenceServerException, match="This protocol is restricted"):
                refused()


def test_in_a_container_of_its_own_it_says_the_same_and_is_unready_at_once_on_sigterm(well: Moody) -> None:
    port = launch.pick_port(0, "127.0.0.1", "ready")
    command = [
        sys.executable,
        "-m",
        "server.readiness_sidecar",
        "--grpc",
        well.triton.grpc,
        "--port",
        str(port),
        "--json",
    ]
    command += ["--metrics", well.triton.metrics, "--repository", str(well.repository), "--drain", "5"]
    url = f"http://127.0.0.1:{port}/ready"
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as beside:
        assert beside.stdout is not None
        lines = iter(beside.stdout.readline, "")
        assert any('"ready": true' in line for line in lines)
        subprocess.run([each.replace("TERM 1", f"TERM {beside.pid}") for each in PRE_STOP], check=True)
        assert any("ending" in line for line in lines)
        assert get(url) == (503, "ending: requests in flight are finished\n")
        beside.send_signal(signal.SIGTERM)  # a sidecar's turn to end
        assert get(url) == (503, "ending: requests in flight are finished\n")
        beside.kill()


def test_beside_nvidias_server_it_needs_nothing_but_a_client() -> None:
    code = "import sys, server.readiness_sidecar; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    assert not {"psutil", "rich", "pytriton", "server.triton", "server.stub_supervisor"} & set(
        done.stdout.split()
    )
