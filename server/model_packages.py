"""The packages of Python models, importable in this process as they are in those of Triton.

Triton puts a model's version folder and its own Python backend's folder on the path of the model's process.
"""

import sys
from pathlib import Path

BACKENDS = Path(__file__).parent / "backends"
SHARED = BACKENDS / "python"
"""Packages added to Triton's Python backend: what several models share."""
_REPOSITORY = Path(__file__).parents[1] / "model_repository"


def add_to_path() -> None:
    """Makes what the Python models and backends of the project are made of importable, once."""
    folders = [SHARED, *BACKENDS.glob("*/model.py"), *_REPOSITORY.glob("*/1/model.py")]
    for folder in (str(path.parent if path.suffix else path) for path in sorted(folders)):
        if folder not in sys.path:
            sys.path.append(folder)
