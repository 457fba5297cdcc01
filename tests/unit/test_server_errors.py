"""Triton's reports, as it really words them, become one sentence."""

from pathlib import Path

import pytest

from server.errors import ServerError, last_error, of_system, open_log, poll_failure, reason_of


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
        (
            "load failed for model 'a': version 1 is at UNAVAILABLE state: Internal: Unable to initialize "
            "shared memory key 'liveroom-triton-1-x' to requested size (8388608 bytes). If you are running "
            "Triton inside docker, use '--shm-size' flag to control the shared memory region size. Each "
            "Python backend model instance requires at least 1 MB of shared memory. "
            "Error: No space left on device;",
            "its process gets no 8 MB of shared memory in /dev/shm (no space left on device): let it be "
            "written to and larger (1 GB is ample; of a container --shm-size=1g)",
        ),
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


def test_a_log_that_can_t_be_one_is_said_with_what_would_be_right(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=f"{tmp_path} can't be written .it is a folder.: give --log-file"):
        open_log(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match=r"file/triton\.log can't be written"):
        open_log(tmp_path / "file" / "triton.log")


def test_a_file_of_another_user_is_named_with_the_remedy() -> None:
    said = str(of_system(PermissionError(13, "Permission denied", "/models/a/1/model.onnx")))
    assert said.startswith("/models/a/1/model.onnx: permission denied for user ")
    assert "chmod -R a+rX" in said
