"""`python -m perf`: what a wrong word on the command line gets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from liveroom._config import DEFAULT_URL

from perf.load.passthrough import addressed

PROJECT = Path(__file__).parents[2]


def perf(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "perf", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)


def test_perf_needs_nothing_of_the_local_cluster_which_is_built_on_it() -> None:
    imports = r"^\s*(from|import) cluster\b|[\"']cluster\."
    sources = {path: path.read_text(encoding="utf-8") for path in (PROJECT / "perf").rglob("*.py")}
    assert not [path for path, text in sources.items() if re.search(imports, text, re.MULTILINE)]


def test_help_lists_every_measurement() -> None:
    shown = perf("--help")
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in ("live", "asr", "rooms"))


@pytest.mark.parametrize("content", [None, b"", b"RIFF but no sound at all"], ids=["missing", "empty", "bad"])
def test_a_file_that_is_no_sound_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "talk.wav"
    if content is not None:
        file.write_bytes(content)
    failed = perf("live", str(file))
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert failed.stderr.startswith("error: ")
    assert str(file) in failed.stderr
    assert failed.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("live", "--pace", "-1"), "expected 1 for real time, 0 for as fast as it is served"),
        (("live", "--pace", "fast"), "fast: expected 1 for real time"),
        (("asr", "--repeat", "0"), "0: expected a whole number, 1 or more"),
        (("rooms", "--rooms", "4", "0"), "0: expected a whole number, 1 or more"),
        (("rooms", "--seconds", "nan"), "nan: expected a number, more than 0"),
        (("rooms", "--url", "10.0.0.7:8001"), "10.0.0.7:8001: expected a port on this machine"),
        (("rooms", "--url", "127.0.0.1"), "127.0.0.1: expected a port on this machine"),
        (("rooms", "--url", "grpcs://10.0.0.7:8443"), "10.0.0.7:8443: expected a port on this machine"),
        (("rooms", "--token-file", "nowhere"), "nowhere: no such file"),
        (("rooms", "--metrics-port", "70000"), "70000: expected a port, 0 to 65535"),
    ],
)
def test_a_wrong_option_is_said(arguments: tuple[str, ...], message: str) -> None:
    failed = perf(*arguments)
    assert failed.returncode == 2
    assert message in failed.stderr


@pytest.mark.parametrize("told", ["-u", "LIVEROOM_URL"])
def test_perf_analyzer_is_told_of_a_gateway_what_works_there(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "grpcs://127.0.0.1:8443"
    if told == "LIVEROOM_URL":
        monkeypatch.setenv(told, url)
    failed = perf("analyzer", "-m", "asr", *([told, url] if told == "-u" else []))
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {url}: perf_analyzer asks for")
    assert "python -m perf rooms --url" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_perf_analyzer_gets_an_address_without_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEROOM_URL", raising=False)
    assert addressed(["-m", "asr", "--streaming"]) == [
        "-m",
        "asr",
        "--streaming",
        "-i",
        "grpc",
        "-u",
        DEFAULT_URL,
    ]
    assert addressed(["-u", "grpc://[::1]:8001/", "-i", "http"])[-4:] == ["-i", "http", "-u", "[::1]:8001"]
