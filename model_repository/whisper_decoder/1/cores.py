"""The cores of a machine, shared out among the processes of one server.

A network that runs on two threads is faster than on one only while the other core is idle; beside others its
threads wait for each other. So whoever works holds a core where one is free, and runs wide only with more of
them. The file that LIVEROOM_CORES names has a byte per core: a core is held by a lock on its byte, which is
released whatever becomes of the process.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Array = NDArray[np.generic]


class Cores:
    """The cores in `file`; without one they are all free at any time. For one thread of a process."""

    def __init__(self, file: Path | None) -> None:
        self._file = None if file is None else file.open("r+b", buffering=0)
        self._free = set() if file is None else set(range(file.stat().st_size))

    @classmethod
    @cache  # one per process: a process does not notice its own locks
    def of_server(cls) -> "Cores":
        """Those that the server shares out; where it shares none out they are all free."""
        name = os.environ.get("LIVEROOM_CORES")
        return cls(Path(name) if name else None)

    @contextmanager
    def take(self, count: int) -> Iterator[bool]:
        """Holds `count` more cores until the block ends, or none where fewer are free: says which."""
        taken: list[int] = []
        if self._file is not None:
            for core in self._free:  # those that this process does not hold: its own locks are no hindrance
                if len(taken) < count and self._lock(core):
                    taken.append(core)
            if len(taken) < count:
                self._release(taken)
                taken = []
        self._free.difference_update(taken)
        try:
            yield len(taken) == count or self._file is None
        finally:
            self._release(taken)
            self._free.update(taken)

    def _lock(self, core: int) -> bool:
        assert self._file is not None  # noqa: S101 for the type checker
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, core)
        except BlockingIOError:
            return False
        return True

    def _release(self, cores: list[int]) -> None:
        for core in cores:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, core)  # type: ignore[arg-type]  # cores were locked


class Sessions:
    """One network at two widths, on memory that both share: `threads` threads (0: every core), and one."""

    def __init__(self, make: Callable[[int], ort.InferenceSession], threads: int, cores: Cores) -> None:
        """`make` gives the session of that many threads; its options went through `share_memory`."""
        self._cores = cores
        self._more = (threads or len(os.sched_getaffinity(0))) - 1
        self.wide = make(threads)
        self._narrow = make(1) if self._more else self.wide

    @contextmanager
    def session(self) -> Iterator[ort.InferenceSession]:
        """The session to run now. Its caller holds one core already, see `Cores.take`."""
        with self._cores.take(self._more) as wide:
            yield self.wide if wide else self._narrow

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Array]) -> list[Array]:
        """One pass, holding cores for it; a network that never goes wide holds none, so small it is."""
        if not self._more:
            return self.wide.run(outputs, inputs)  # type: ignore[no-any-return]  # untyped library
        with self._cores.take(1), self.session() as session:
            return session.run(outputs, inputs)  # type: ignore[no-any-return]  # untyped library


def share_memory(options: ort.SessionOptions) -> None:
    """Lets sessions with these options take their working memory from one arena of the process."""
    _arena()
    options.add_session_config_entry("session.use_env_allocators", "1")


@cache
def _arena() -> None:
    kind = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    ort.create_and_register_allocator(ort.OrtMemoryInfo("Cpu", *kind), None)
