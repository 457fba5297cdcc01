"""The client as a service installs it: built into a wheel, alone in an empty environment."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from evaluation.speech import MOONSHINE
from server import Triton
from tooling.sources import Library

PROJECT = Path(__file__).parents[2]
PYTHONS = ("3.11", pytest.param("3.12", marks=pytest.mark.thorough))
HEAVY = {"torch", "onnx", "onnxruntime", "nvidia-pytriton", "av", "pillow", "scipy"}
USE = """
import contextlib, liveroom, liveroom.cli
print([getattr(liveroom, name) for name in liveroom.__all__])
for command in ("captions", "transcribe", "vision", "studio", "gallery", "health", "models"):
    with contextlib.suppress(SystemExit):
        liveroom.cli.main([command, "--help"])
"""
LIMIT_S = 180


def run(*command: str | Path, **more: str) -> str:
    """What a command prints where nothing of this project is on its path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIVEROOM_"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd="/",
        env=kept | more,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def interpreter(version: str) -> str | None:
    """A Python of that version which runs: a version manager's shim may be there and not run."""
    managed = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for name in map(str, (sys.executable, f"python{version}", *managed.glob(f"{version}.*/bin/python"))):
        try:
            found = run(name, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)")
        except (OSError, AssertionError):
            continue
        if found.split()[0] == version:
            return found.split()[1]
    return None


def install(version: str, folder: Path, *packages: str) -> Path | None:
    """The environment's folder of programs, with `packages` too; None where there is no such Python."""
    python = interpreter(version)
    if python is None:
        return None
    run(python, "-m", "venv", "--without-pip", folder)
    inside = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", inside, "install", "-q", "--no-compile", PROJECT, *packages)
    return folder / "bin"


@pytest.fixture(scope="module", params=PYTHONS)
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `liveroom` and `python` of an environment with the client and nothing else are."""
    folder = install(request.param, tmp_path_factory.mktemp("empty") / request.param)
    if folder is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    return folder


def test_it_imports_helps_and_calls_a_server(programs: Path, live_triton: Triton) -> None:
    used = run(programs / "python", "-W", "error", "-c", USE)
    assert "AsyncClient" in used
    assert used.count("usage: liveroom") == 7
    assert "usage: liveroom" in run(programs / "liveroom", "--help")
    speech = Library().path(MOONSHINE, next(name for name in MOONSHINE.files if "beckett" in name))
    heard = run(programs / "liveroom", "transcribe", speech, LIVEROOM_URL=live_triton.grpc)
    assert "fail better" in heard.lower()


def test_it_brings_nothing_heavy(programs: Path) -> None:
    listed = run(sys.executable, "-m", "pip", "--python", programs / "python", "list", "--format=freeze")
    brought = {line.partition("==")[0].lower() for line in listed.splitlines()}
    assert "liveroom" in brought
    assert not brought & HEAVY
    assert len(brought) <= 20


@pytest.mark.slow
def test_the_oldest_packages_that_it_allows_are_enough(tmp_path: Path, live_triton: Triton) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    oldest = [each.replace(">=", "==") for each in project["dependencies"]]
    programs = install("3.11", tmp_path / "oldest", *oldest)
    if programs is None:
        pytest.skip("there is no Python 3.11 on this machine")
    assert run(programs / "liveroom", "health", LIVEROOM_URL=live_triton.grpc)
    speech = Library().path(MOONSHINE, next(name for name in MOONSHINE.files if "beckett" in name))
    heard = run(programs / "liveroom", "captions", speech, "--pace", "0", LIVEROOM_URL=live_triton.grpc)
    assert "fail better" in heard.lower()
