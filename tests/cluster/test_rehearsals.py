"""`python -m cluster fail` against a cluster that is up, with its Prometheus."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import LocalCluster, command
from cluster.fault_injection import FaultInjector

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]


def fail(
    cluster: LocalCluster, orders: FaultInjector, folder: Path, *options: str
) -> "subprocess.Popen[str]":
    """The command, where `cluster` is the one that is up."""
    state = folder / command.STATE
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({**command._describe(cluster), "orders": str(orders.path)}), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "cluster", "fail", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM])
def test_an_alert_pends_and_a_signal_undoes_the_failure(
    cluster: LocalCluster, tmp_path: Path, number: signal.Signals
) -> None:
    gateway = cluster.gateway.pid
    with FaultInjector(cluster) as orders:
        failing = fail(cluster, orders, tmp_path, "gateway-hung", "--for", "10m")
        assert failing.stdout is not None
        told = [failing.stdout.readline() for _ in range(2)]
        pends = r"\d+s: LiveroomGatewayDown \(page\) is pending, for 30s\n"
        assert any(re.fullmatch(pends, line) for line in iter(failing.stdout.readline, ""))
        failing.send_signal(number)
        rest, _ = failing.communicate(timeout=60)
    assert failing.returncode == 130
    assert told[0].startswith("gateway: gateway hung for 10m (SIGSTOP to Envoy: ")
    page = "k8s/RUNBOOK.md#liveroomgatewaydown"
    assert told[1] == f"should raise LiveroomGatewayDown (page) after 30s: see {page}\n"
    assert "and all is ready again" in rest
    cluster.wait_ready()
    assert cluster.gateway.pid == gateway, "it was stopped, and went on"


@pytest.mark.slow
def test_an_alert_fires_and_is_told_in_json(cluster: LocalCluster, tmp_path: Path) -> None:
    with FaultInjector(cluster) as orders:
        failing = fail(cluster, orders, tmp_path, "gateway-killed", "--for", "65s", "--json")
        said, progress = failing.communicate(timeout=150)
    assert failing.returncode == 0
    result = json.loads(said)
    assert (result["kind"], result["victims"], result["whole"]) == ("gateway killed", ["gateway"], True)
    assert result["lasted_s"] == pytest.approx(65, abs=3)
    [seen] = [each for each in result["alerts"] if each["expected"]]
    assert seen["alert"] == "LiveroomGatewayDown"
    assert 29 < seen["firing_s"] < 45
    assert "fires: no gateway answers a scrape" in progress
