"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._errors import InvalidInput

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_MOST_BOXES = 100_000
WITHOUT_INDEX = "it was cut off before its index was written: mend it with a tool such as untrunc"


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """A new empty file beside `path` (with its ending) to write; it becomes `path` when the block ends well.

    Of a symbolic link what it points to is replaced: nothing old stays behind under another name.
    When the block ends in any other way, interrupts included, nothing of it is left and `path` is as before.
    What is no file, a pipe or /dev/stdout for example, can't be replaced: `path` itself is written.

    Args:
        path: what is to be written.
        mode: permissions of the file, less the umask.

    Raises:
        OSError: it cannot be written; `filename` is `path`, whatever the file was called meanwhile.
    """
    if written_directly(path):
        with naming(path):
            yield path
        return
    target = path.resolve()
    part = target.with_name(f".{path.stem[:100]}.{uuid.uuid4().hex[:8]}{path.suffix}")
    with naming(path, part):
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        try:
            yield part
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def naming(path: Path, part: Path | None = None) -> Iterator[None]:
    """Let errors say `path` where they say `part`, or where a write found no space and says no name.

    Raises:
        OSError: those of the block.
    """
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None and error.errno in _NO_SPACE
        if error.errno is None or not (unnamed or (part and str(error.filename) == str(part))):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def written_directly(path: Path) -> bool:
    """Whether `path` is there and no file: a pipe, a terminal, /dev/null. Opening a folder will tell."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def keep_apart(out: str | os.PathLike[str], *inputs: str | os.PathLike[str] | int | None) -> None:
    """See that what is written is none of the files that are read, under whatever name.

    Args:
        out: the output.
        inputs: paths, or descriptors such as 0 for stdin; None is none.

    Raises:
        InvalidInput: it is one of them.
    """
    target = _identity(out)
    for source in inputs:
        if target is not None and source is not None and _identity(source) == target:
            name = "stdin" if isinstance(source, int) else os.fspath(source)
            raise InvalidInput(
                f"{os.fspath(out)} is what is read ({name}): expected another file to write to"
            )


def lacks_index(path: Path) -> bool:
    """Whether it is an MP4 or MOV without its index, which recorders write last: none can decode it."""
    at, kinds, left = 0, set(), _MOST_BOXES
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while at + 8 <= size and (left := left - 1):
                file.seek(at)
                head = file.read(16)
                kinds.add(head[4:8])
                length = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4])
                at += length if length >= 8 else size
    except OSError:
        return False
    return b"ftyp" in kinds and b"mdat" in kinds and b"moov" not in kinds


def _identity(path: str | os.PathLike[str] | int) -> tuple[int, int] | None:
    """Device and inode of a regular file; None for anything else."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a descriptor too
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None
