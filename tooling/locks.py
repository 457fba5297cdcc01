"""Locks between processes, which are let go of even by a kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tooling.errors import SourceError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path``, in the cache, as an exclusive lock between processes.

    Raises:
        SourceError: the cache cannot be written to.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(
            f"the cache can't be written to ({error.filename}: {reason}): name a folder that can with "
            "LIVEROOM_CACHE or --cache"
        ) from error
    try:
        yield
    finally:
        lock.release()
