"""Environments of their own for what we are compared with: nothing of theirs gets into ours."""

import hashlib
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from tooling.locks import locked
from tooling.sources import default_cache


def environment(name: str, *requirements: str, bare: Sequence[str] = ()) -> Path:
    """The Python of a virtual environment with exactly `requirements` (pinned), made at the first call.

    Args:
        name: of the peer.
        *requirements: pinned packages.
        bare: packages to install without what they depend on, where `requirements` has all that is used
            of that.

    Raises:
        RuntimeError: they can't be installed; with what pip said.
    """
    key = hashlib.sha256("\n".join([sys.version, *requirements, *bare]).encode()).hexdigest()[:12]
    folder = default_cache() / "peers" / f"{name}-{key}"
    python = folder / "bin" / "python"
    with locked(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            venv.create(folder, clear=True, with_pip=True)
            _install(name, python, requirements)
            if bare:
                _install(name, python, ["--no-deps", *bare])
            (folder / "complete").touch()
    return python


def _install(name: str, python: Path, arguments: Sequence[str]) -> None:
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    result = subprocess.run([*pip, *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = " ".join(result.stderr.split())
        raise RuntimeError(f"the environment of {name} can't be made: pip said: {said[-300:]}")
