"""A network runs wide only where the cores for it are free, whoever holds them and however they end."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from cores import Cores, Sessions

from tests import models

MODULE = Path(__file__).parents[2] / "model_repository" / "whisper_decoder" / "1"
HOLD = """
import sys
from pathlib import Path
from cores import Cores
with Cores(Path(sys.argv[1])).take(1) as held:
    print(held, flush=True)
    sys.stdin.read()
"""

BOTH_FREE = """
import sys
from pathlib import Path
from cores import Cores
with Cores(Path(sys.argv[1])).take(2) as free:
    sys.exit(not free)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A machine of two cores."""
    path = tmp_path / "cores"
    path.write_bytes(bytes(2))
    return path


def other(file: Path) -> "subprocess.Popen[str]":
    """A process that holds a core until its input ends."""
    command = [sys.executable, "-c", HOLD, str(file)]
    process = subprocess.Popen(command, cwd=MODULE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_all_or_none_are_taken(file: Path) -> None:
    cores = Cores(file)
    with cores.take(3) as none, cores.take(2) as both, cores.take(1) as more, cores.take(0) as nothing:
        assert (none, both, more, nothing) == (False, True, False, True)
    with cores.take(1) as one, cores.take(1) as another:
        assert (one, another) == (True, True)


def test_what_another_process_holds_is_not_to_be_had(file: Path) -> None:
    cores = Cores(file)
    with other(file) as process:
        with cores.take(2) as both, cores.take(1) as one, cores.take(1) as another:
            assert (both, one, another) == (False, True, False)
        process.kill()
        process.wait()
        with cores.take(2) as both:
            assert both


def test_cores_come_back_after_an_error(file: Path) -> None:
    cores = Cores(file)
    with pytest.raises(ValueError, match="bad"), cores.take(2):
        raise ValueError("bad")
    with cores.take(2) as both:
        assert both


def test_without_a_file_all_are_free() -> None:
    with Cores(None).take(99) as free:
        assert free


def test_a_network_is_wide_only_with_a_second_core(file: Path, tmp_path: Path) -> None:
    model = models.identity(tmp_path) / "1" / "model.onnx"
    cores = Cores(file)

    def make(threads: int) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        return ort.InferenceSession(model, options)

    def width(sessions: Sessions) -> int:
        with cores.take(1), sessions.session() as session:
            (y,) = session.run(None, {session.get_inputs()[0].name: np.ones((1, 16), np.float32)})
            assert (y == 1).all()
            return int(session.get_session_options().intra_op_num_threads)

    sessions, single = Sessions(make, 2, cores), Sessions(make, 1, cores)
    assert (width(sessions), width(single)) == (2, 1)
    with other(file) as process:
        assert (width(sessions), width(single)) == (1, 1)
        process.communicate()
    assert width(sessions) == 2


@pytest.mark.parametrize(("threads", "free"), [(1, True), (2, False)])
def test_a_pass_holds_cores_unless_the_network_never_goes_wide(
    threads: int, free: bool, file: Path, tmp_path: Path
) -> None:
    model = models.identity(tmp_path) / "1" / "model.onnx"
    seen: list[bool] = []

    class Watched(ort.InferenceSession):  # type: ignore[misc]  # untyped library
        def run(self, *arguments: object) -> object:
            other = [sys.executable, "-c", BOTH_FREE, str(file)]
            seen.append(subprocess.run(other, cwd=MODULE, check=False).returncode == 0)
            return super().run(*arguments)

    sessions = Sessions(lambda _: Watched(model), threads, Cores(file))
    (y,) = sessions.run(["y"], {"x": np.ones((1, models.VECTOR), np.float32)})
    assert seen == [free]
    assert (y == 1).all()
