"""Environments of their own for what we are compared with: nothing of theirs gets into ours."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from exporters.sources import default_cache, locked


def environment(name: str, *requirements: str) -> Path:
    """The Python of a virtual environment with exactly `requirements` (pinned), made at the first call.

    Raises RuntimeError with what pip said when they can't be installed.
    """
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:12]
    folder = default_cache() / "peers" / f"{name}-{key}"
    python = folder / "bin" / "python"
    with locked(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            venv.create(folder, clear=True, with_pip=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            result = subprocess.run([*pip, *requirements], capture_output=True, text=True, check=False)
            if result.returncode != 0:
                raise RuntimeError(f"the environment of {name} can't be made: {result.stderr.strip()[-500:]}")
            (folder / "complete").touch()
    return python
