"""A network runs wide only while cores are idle, whoever is at work and however they end."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from server.model_packages import SHARED
from serving_common.core_lease import Cores, Sessions
from tests import models

HOLD = """
import sys
from pathlib import Path
from serving_common.core_lease import Cores
with Cores(Path(sys.argv[1])).working():
    print("working", flush=True)
    sys.stdin.read()
"""
IDLE = """
import sys
from pathlib import Path
from serving_common.core_lease import Cores
sys.exit(not Cores(Path(sys.argv[1])).idle(1))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A machine of two cores."""
    path = tmp_path / "cores"
    path.write_bytes(bytes(2))
    return path


def other(file: Path) -> "subprocess.Popen[str]":
    """A process that works until its input ends."""
    command = [sys.executable, "-c", HOLD, str(file)]
    process = subprocess.Popen(command, cwd=SHARED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


def test_each_process_at_work_takes_a_core(tmp_path: Path) -> None:
    file = tmp_path / "cores"
    file.write_bytes(bytes(4))
    cores = Cores(file)
    others: list[subprocess.Popen[str]] = []
    for left in (3, 2, 1, 0, 0):
        assert cores.idle(left) == (len(others) < 4)
        assert cores.idle(left + 1) == (not others)  # all there are
        others.append(other(file))
    others[1].kill()  # a killed one is seen to have gone
    others[1].wait()
    for number in (0, 2, 3):
        others[number].communicate()
    assert (cores.idle(2), cores.idle(3)) == (True, False)
    others[4].communicate()
    assert cores.idle(3)


def test_a_process_is_no_hindrance_to_itself(file: Path) -> None:
    cores = Cores(file)
    with cores.working():
        assert cores.idle(1)


def test_work_ends_with_an_error(file: Path) -> None:
    with pytest.raises(ValueError, match="bad"), Cores(file).working():
        raise ValueError("bad")
    assert subprocess.run([sys.executable, "-c", IDLE, str(file)], cwd=SHARED, check=False).returncode == 0


def test_without_a_file_all_are_idle() -> None:
    cores = Cores(None)
    with cores.working():
        assert cores.idle(99)


def test_a_network_is_wide_only_with_a_second_core(file: Path, tmp_path: Path) -> None:
    model = models.identity(tmp_path) / "1" / "model.onnx"

    def make(threads: int) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        return ort.InferenceSession(model, options)

    def width(sessions: Sessions) -> int:
        return int(sessions.session.get_session_options().intra_op_num_threads)

    cores = Cores(file)
    sessions, single = Sessions(make, 2, cores), Sessions(make, 1, cores)
    assert (width(sessions), width(single)) == (2, 1)
    with other(file) as process:
        assert (width(sessions), width(single)) == (1, 1)
        process.communicate()
    assert width(sessions) == 2


@pytest.mark.parametrize(("threads", "idle"), [(1, True), (2, False)])
def test_a_pass_is_seen_unless_the_network_never_goes_wide(
    threads: int, idle: bool, file: Path, tmp_path: Path
) -> None:
    model = models.identity(tmp_path) / "1" / "model.onnx"
    seen: list[bool] = []

    class Watched(ort.InferenceSession):  # type: ignore[misc]  # untyped library
        def run(self, *arguments: object) -> object:
            done = subprocess.run([sys.executable, "-c", IDLE, str(file)], cwd=SHARED, check=False)
            seen.append(done.returncode == 0)
            return super().run(*arguments)

    sessions = Sessions(lambda _: Watched(model), threads, Cores(file))
    (y,) = sessions.run(["y"], {"x": np.ones((1, models.VECTOR), np.float32)})
    assert seen == [idle]
    assert (y == 1).all()
