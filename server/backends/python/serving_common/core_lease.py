"""Who of a server's processes is at work, so that a network runs on more threads only while cores are idle.

On two threads a network is faster than on one as long as the other core is idle; beside others its threads
wait for each other. So every process that works holds a lock on its own byte (that of its process id) of the
file that LIVEROOM_CORES names, which has a byte per core; and looks how many others hold one. Linux releases
locks whatever becomes of a process.
"""

import fcntl
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Array = NDArray[np.generic]

_FLOCK = struct.Struct("hhlli")
"""struct flock of 64-bit Linux: type, whence, start, length (0: to the end), pid."""


class Cores:
    """The cores of the server with the file `file`; without one they are all idle. For one thread only."""

    def __init__(self, file: Path | None) -> None:
        self._file = None if file is None else file.open("r+b", buffering=0)
        self._count = 0 if file is None else file.stat().st_size

    @classmethod
    @cache  # one per process: closing one would release the locks of all
    def of_server(cls) -> "Cores":
        """Those of the server that this process belongs to."""
        name = os.environ.get("LIVEROOM_CORES")
        return cls(Path(name) if name else None)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Until the block ends, others see that this process works."""
        if self._file is None:
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, os.getpid())
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, os.getpid())

    def idle(self, count: int) -> bool:
        """Whether `count` cores, or all there are, are idle beside this process and the others at work."""
        return self._file is None or self._others(0, 0) <= max(self._count - 1 - count, 0)

    def _others(self, start: int, length: int) -> int:
        """How many other processes hold a byte of a range (length 0: without an end)."""
        assert self._file is not None  # noqa: S101 for the type checker
        question = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
        kind, _, at, _, _ = _FLOCK.unpack(fcntl.fcntl(self._file, fcntl.F_GETLK, question))
        if kind == fcntl.F_UNLCK:
            return 0
        before = self._others(start, at - start) if at > start else 0  # the answer is any lock, not the first
        end = start + length
        after = self._others(at + 1, end - at - 1 if length else 0) if not length or end > at + 1 else 0
        return before + 1 + after


class Sessions:
    """One network at two widths, on memory that both share: `threads` threads (0: every core), and one."""

    def __init__(self, make: Callable[[int], ort.InferenceSession], threads: int, cores: Cores) -> None:
        """`make` gives the session of that many threads; its options went through `share_memory`."""
        self._cores = cores
        self._more = (threads or len(os.sched_getaffinity(0))) - 1
        self.wide = make(threads)
        self._narrow = make(1) if self._more else self.wide

    @property
    def session(self) -> ort.InferenceSession:
        """The one to run now, for a process that is at work (see `Cores.working`)."""
        return self.wide if self._cores.idle(self._more) else self._narrow

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Array]) -> list[Array]:
        """One pass; a network that never goes wide does not say that it works, so small it is."""
        if not self._more:
            return self.wide.run(outputs, inputs)  # type: ignore[no-any-return]  # untyped library
        with self._cores.working():
            return self.session.run(outputs, inputs)  # type: ignore[no-any-return]  # untyped library


def share_memory(options: ort.SessionOptions) -> None:
    """Lets sessions with these options take their working memory from one arena of the process."""
    _arena()
    options.add_session_config_entry("session.use_env_allocators", "1")


@cache
def _arena() -> None:
    kind = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    ort.create_and_register_allocator(ort.OrtMemoryInfo("Cpu", *kind), None)
