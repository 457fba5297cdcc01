"""What the canary asks, and what it reads."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from tritonclient.utils import InferenceServerException

from server import ServerError, counters, health_monitor, launch
from server.counters import Counts
from server.repository import Repository
from serving_common.error_codes import Code, marked
from tests import models

PAGE = """# HELP nv_inference_request_success Number of successful inference requests
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="asr",version="1"} 5
nv_inference_request_success{model="asr",version="2"} 2
nv_inference_request_failure{model="asr",reason="BACKEND",version="1"} 3
nv_inference_request_failure{model="asr",reason="CANCELED",version="1"} 4
nv_inference_request_failure{model="asr",reason="REJECTED",version="1"} 9
nv_inference_pending_request_count{model="encoder",version="1"} 6
nv_inference_count{model="encoder",version="1"} 1e+06
nv_energy_consumption{gpu_uuid="GPU-1"} 1.5
"""


def test_counts_of_all_versions_and_of_failures_that_are_the_models_own() -> None:
    counts = counters.parse(PAGE)
    assert counts["asr"] == Counts(answered=7, failed=3, waiting=0)
    assert counts["encoder"].waiting == 6


def test_metrics_that_do_not_answer_say_nothing() -> None:
    assert counters.read("http://127.0.0.1:9/metrics") == {}


def test_ensembles_are_asked_for_their_steps_at_as_many_places_as_any_has_instances(tmp_path: Path) -> None:
    models.pipeline(tmp_path)
    models.affine(tmp_path)
    io = models.tensor("input", "x", "FP32", -1) + models.tensor("output", "y", "FP32", -1)
    models.identity(tmp_path, config=models.BATCHED.replace("count: 1", "count: 3") + io)
    models.identity(tmp_path, name="other")
    found = Repository(tmp_path).resolve(["pipeline", "other"])
    asked = {target.name: (target.parts, target.at_once) for target in health_monitor.targets(found)}
    assert set(asked) == {"pipeline", "other"}
    assert set(asked["pipeline"][0]) == {"identity", "affine"}
    assert asked["pipeline"][1] == 3
    assert asked["other"] == (("other",), 1)


def test_busy_is_what_models_mark_as_overloaded() -> None:
    assert health_monitor.OVERLOADED == Code.OVERLOADED
    assert health_monitor._is_busy(
        InferenceServerException(f"in ensemble 'x', {marked(Code.OVERLOADED, 'so much')}")
    )


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (InferenceServerException("Exceeds maximum queue size", "StatusCode.UNAVAILABLE"), True),
        (InferenceServerException("[model_unavailable] overloaded", "StatusCode.UNAVAILABLE"), False),
        (InferenceServerException("[inference_failed] too many rooms", "StatusCode.INTERNAL"), False),
        (InferenceServerException("rooms are open", "StatusCode.INTERNAL"), False),
        (InferenceServerException("Stub process 'overload_0_0' is not healthy."), False),
    ],
)
def test_who_is_busy_is_told_by_codes_and_not_by_words(error: InferenceServerException, busy: bool) -> None:
    assert health_monitor._is_busy(error) == busy


def test_waiting_beside_a_question_that_was_refused_costs_no_cpu(tmp_path: Path) -> None:
    models.identity(tmp_path)
    asking = health_monitor.HealthMonitor(
        "127.0.0.1:9", Repository(tmp_path).resolve(["identity"]), "http://127.0.0.1:9"
    )
    refused, waiting = Future[None](), Future[None]()
    refused.set_exception(InferenceServerException("Exceeds maximum queue size", "StatusCode.UNAVAILABLE"))
    threading.Timer(0.3, waiting.set_result, (None,)).start()
    began = time.thread_time()
    assert asking._wait(asking.targets[0], [refused, waiting]) == ""
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("k" * 24, 0o644, r"can be read by others \(mode 644\): run chmod 600"),
        ("short", 0o600, "holds no admin key: expected 16 to 256 characters"),
        ("k" * 16 + ",a=b", 0o600, "holds no admin key"),
    ],
)
def test_an_admin_key_is_a_secret(tmp_path: Path, content: str, mode: int, message: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(ServerError, match=message):
        launch.read_admin_key(file)


def test_an_admin_key_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"the admin key in .*/key can't be read"):
        launch.read_admin_key(tmp_path / "key")


def test_servers_share_the_file_of_cores_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = launch.share_cores(tmp_path)
    monkeypatch.setenv("LIVEROOM_CORES", str(shared))
    assert launch.share_cores(tmp_path / "another") == shared
    monkeypatch.setenv("LIVEROOM_CORES", str(tmp_path / "nowhere"))
    with pytest.raises(ServerError, match=r"LIVEROOM_CORES is .*/nowhere: expected a file"):
        launch.share_cores(tmp_path)
