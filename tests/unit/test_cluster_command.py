"""`python -m cluster` and its Prometheus: what is said when something is not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import ClusterError, prometheus

PROJECT = Path(__file__).parents[2]


def cluster(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "cluster", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chaos", "--count", "0"), "0: expected a whole number, 1 or more"),
        (("up", "--tenant-share", "2"), "2: expected a share from 0 to 1"),
        (("chaos", "--minutes", "-1"), "-1: expected a number, more than 0"),
    ],
)
def test_a_wrong_option_is_said(arguments: tuple[str, ...], message: str) -> None:
    failed = cluster(*arguments)
    assert failed.returncode == 2
    assert message in failed.stderr


def test_a_model_that_is_not_there_is_one_line() -> None:
    failed = cluster("up", "--models", "telepathy")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.splitlines()[-1].startswith("error: no model 'telepathy' in ")


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
