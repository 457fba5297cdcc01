"""What all parts of the local cluster share: the project's folder, the one address, how files are written."""

import os
from pathlib import Path

PROJECT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.1"
"""Where everything listens: nothing of a local cluster can be reached from another machine."""


def replace_text(file: Path, text: str) -> None:
    """Writes a file that others read or watch: they see the old content or the new one, never a part."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def write_with_mode(file: Path, content: bytes, mode: int) -> None:
    """Writes a file that never had a wider mode than `mode`."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as output:
        output.write(content)
