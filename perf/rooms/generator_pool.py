"""Load generators as processes: started together, listened to while they play, and never left behind."""

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import msgspec

from perf import report
from perf.load.processes import Usage, family
from perf.rooms.messages import Load, Message, Ready, decode, encode

ROOMS_PER_PROCESS = 32
"""One process plays so many on a few hundredths of a core each; what it can't is known by its lateness."""
HEAD_START_S = 0.3
READY_S = 120.0
TICK_S = 0.2


class GeneratorError(RuntimeError):
    """The load generator failed; it says nothing about the server."""


class GeneratorPool:
    """The generators of a step; `with` starts them, and ends them by their process ids.

    Args:
        load: its rooms are dealt among as many processes as they need.

    Raises:
        GeneratorError: one of them ends early, or does not end in time.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._processes: list[subprocess.Popen[str]] = []
        self._pipes = ExitStack()
        self._told: queue.SimpleQueue[Message | None] = queue.SimpleQueue()

    def begin(self) -> float:
        """Waits until all are ready and starts them; returns the moment, of `time.perf_counter()`."""
        deadline = time.monotonic() + READY_S
        for _ in self._processes:
            if not isinstance(self._next(deadline), Ready):
                raise GeneratorError("a load generator ended before it began: see above")
        began = time.perf_counter() + HEAD_START_S
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.write(f"{began!r}\n")
                process.stdin.flush()
        return began

    def messages(self) -> Iterator[Message | None]:
        """What the generators tell, until all have ended; None now and then while they tell nothing."""
        deadline = time.monotonic() + self._load.limit_s + TICK_S
        playing = len(self._processes)
        while playing:
            try:
                message = self._told.get(timeout=TICK_S)
            except queue.Empty:
                yield None
            else:
                playing -= message is None
                if message is not None:
                    yield message
            if time.monotonic() > deadline:
                raise GeneratorError(f"the load did not end within {self._load.limit_s:.0f} s")
        codes = [process.wait(timeout=READY_S) for process in self._processes]
        if any(codes):
            raise GeneratorError(f"a load generator ended with {max(codes, key=abs)}: see above")

    def usage(self) -> dict[int, Usage]:
        """CPU and memory of the generators so far."""
        found: dict[int, Usage] = {}
        for process in self._processes:
            if process.poll() is None:
                found |= family(process.pid)
        return found

    def __enter__(self) -> Self:
        shares = range(-(-len(self._load.joins) // ROOMS_PER_PROCESS))
        for share in shares:
            load = msgspec.structs.replace(self._load, joins=self._load.joins[share :: len(shares)])
            process = subprocess.Popen(
                [sys.executable, "-m", "perf.rooms.generator", encode(load)],
                cwd=report.PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is ours to deal with
            )
            self._processes.append(self._pipes.enter_context(process))
            threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        self._pipes.close()  # and waits for them

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        for line in process.stdout or ():
            self._told.put(decode(line))
        self._told.put(None)

    def _next(self, deadline: float) -> Message | None:
        try:
            return self._told.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise GeneratorError(f"a load generator was not ready within {READY_S:.0f} s") from None
