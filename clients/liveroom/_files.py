"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A new empty file beside `path` (with its ending) to write; it becomes `path` when the block ends well.

    Of a symbolic link what it points to is replaced: nothing old stays behind under another name.
    When the block ends in any other way, interrupts included, nothing of it is left and `path` is as before.

    Args:
        path: what is to be written.
        mode: permissions of the file, less the umask.

    Raises:
        OSError: the folder cannot be written to.
    """
    target = path.resolve()
    part = target.with_name(f".{path.stem[:100]}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error  # who asked knows no other name
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
