"""`python -m cluster` and its Prometheus: what is said when something is not there."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cluster import ClusterError, LocalCluster, command, fail, failures, prometheus
from cluster.command import parser
from cluster.fault_injection import socket_of

PROJECT = Path(__file__).parents[2]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chaos", "--count", "0"), "0: expected a whole number, 1 or more"),
        (("up", "--tenant-share", "2"), "2: expected a share, more than 0 and at most 1"),
        (("up", "--tenant-share", "0"), "0: expected a share, more than 0 and at most 1"),
        (("up", "--replicas", "99"), "99: expected a whole number, from 1 to 16"),
        (("chaos", "--max-minutes", "-1"), "-1: expected a number, more than 0"),
        (
            ("fail", "sleepy"),
            "sleepy: expected one of node-lost, server-killed, launcher-killed, stub-killed,",
        ),
        (("fail", "hung", "--for", "3"), "3: expected a time such as 30s, 3m or 1m30s, at most 1h"),
        (("fail", "hung", "--for", "61m"), "61m: expected a time"),
        (("fail", "hung", "--for", "0s"), "0s: expected a time"),
        (("fail", "hung", "--for", "-3m"), "expected one argument"),
        (("fail", "hung", "--for", "٣m"), "٣m: expected a time"),
        (("fail",), "the following arguments are required: KIND"),
    ],
)
def test_a_wrong_option_is_said(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parser().parse_args(arguments)
    assert message in capsys.readouterr().err


def test_a_model_that_is_not_there_is_one_line() -> None:
    failed = run("-m", "cluster", "up", "--models", "telepathy")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.splitlines()[-1].startswith("error: no model 'telepathy' in ")


def test_a_folder_that_can_not_be_used_is_one_line() -> None:
    with pytest.raises(ClusterError, match="the folder /dev/null can't be used: file exists"):
        LocalCluster(folder=Path(os.devnull)).__enter__()


def test_a_folder_belongs_to_one_cluster(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ClusterError, match=f"{tmp_path} belongs to a cluster that is up"):
            LocalCluster(folder=tmp_path).__enter__()


@pytest.mark.parametrize(
    ("missing", "command", "extras"),
    [
        ("jwt", ("cluster", "status"), "server,exporters,perf,cluster"),
        ("matplotlib", ("perf", "rooms"), "server,exporters,perf"),
        ("kubernetes_validate", ("k8s", "check"), "cluster,dev"),
    ],
)
def test_without_its_packages_it_says_which_extras_have_them(
    missing: str, command: tuple[str, str], extras: str
) -> None:
    code = (
        "import runpy, sys; del sys.argv[0]; sys.modules[sys.argv.pop(0)] = None;"
        " runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
    )
    failed = run("-c", code, missing, *command)
    assert failed.returncode == 1
    assert (
        failed.stderr
        == f"error: {missing} is not installed: run make setup, or pip install -e '.[{extras}]'\n"
    )


def test_a_cluster_that_was_killed_is_not_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "STATE", tmp_path / "state.json")
    command.STATE.write_text(f'{{"pid": {2**22 + 1}}}')  # above Linux' highest process id
    with pytest.raises(ClusterError, match="no cluster is up"):
        command._status(as_json=True)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("3m", 180), ("1m30s", 90), ("1h", 3600), ("90s", 90)]
)
def test_how_long_a_failure_lasts_is_said_with_its_unit(text: str, seconds: float) -> None:
    options = parser().parse_args(["fail", "gateway-hung", "--for", text])
    assert (options.kind, options.seconds) == ("gateway hung", seconds)
    assert fail.duration(fail.spelled(seconds)) == seconds


def test_help_names_each_failure_and_the_alerts_that_are_in_the_rules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        parser().parse_args(["fail", "--help"])
    said = capsys.readouterr().out
    rules = yaml.safe_load(prometheus.PROMETHEUS_RULE.read_text(encoding="utf-8"))["spec"]["groups"]
    alerts = {rule["alert"] for group in rules for rule in group["rules"] if "alert" in rule}
    assert failures.BLIND in alerts
    for name, failure in failures.ALL.items():
        assert f"{name.replace(' ', '-')} " in said
        assert alerts.issuperset(failure.alerts)
        assert failure.alerts or name == "stub killed"


def test_without_a_cluster_nothing_fails_and_it_says_how_to_start_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cluster", "fail", "hung", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    failed = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr == "error: no cluster is up: start one with `python -m cluster up`\n"


def test_a_cluster_of_an_older_version_takes_no_orders() -> None:
    with pytest.raises(ClusterError, match="takes no orders: start it again with `python -m cluster up`"):
        socket_of({"pid": os.getpid()})


def test_a_start_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    """Twice, as people do, and where a shell has made its jobs ignore SIGINT."""
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "cluster", "up"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True) as up:
        assert up.stderr is not None
        assert up.stderr.readline().startswith("starting")
        up.send_signal(signal.SIGINT)
        up.send_signal(signal.SIGINT)
        assert up.stderr.read().endswith("stopped\n")
    assert up.returncode == 130
    assert not list(tmp_path.iterdir())


def test_a_prometheus_on_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "promtool"
    there.touch(mode=0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert prometheus.binary("promtool") == there


def test_without_a_prometheus_it_says_where_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setenv("LIVEROOM_CACHE", str(tmp_path))
    with pytest.raises(
        ClusterError, match=r"no prometheus on PATH .*: put the binaries of https://prometheus"
    ):
        prometheus.binary("prometheus")
