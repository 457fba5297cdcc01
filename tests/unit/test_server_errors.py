"""Triton's reports, as it really words them, become one sentence."""

from pathlib import Path

import pytest

from server.errors import last_error, poll_failure, reason_of


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (
            "load failed for model 'a': version 1 is at UNAVAILABLE state: Internal: KeyError: no words\n\n"
            "At:\n  /models/a/1/model.py(12): initialize\n;\n",
            "KeyError: no words (/models/a/1/model.py, line 12)",
        ),
        (
            "load failed for model 'a': version 1 is at UNAVAILABLE state: Invalid argument: no backend;",
            "no backend",
        ),
        ("unexpected shape for input 'x'", "unexpected shape for input 'x'"),
    ],
)
def test_reason(report: str, reason: str) -> None:
    assert reason_of(report) == reason


def test_reasons_that_only_the_log_has(tmp_path: Path) -> None:
    log = tmp_path / "triton.log"
    log.write_text(
        'I1122 12:51:57.4 4513 server.cc:1] "hello"\n'
        "E1122 12:51:57.4 4513 manager.cc:1460] \"Poll failed for model directory 'a': bad batch\"\n"
        'E1122 12:52:20.7 4672 main.cc:245] "failed to start GRPC service: Unavailable - in use "\n'
    )
    assert poll_failure(log, "a") == "bad batch"
    assert poll_failure(log, "b") == ""
    assert last_error(log) == "failed to start GRPC service: Unavailable - in use"
