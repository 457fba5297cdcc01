"""Exports side by side: processes that each take the next one that is left."""

import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console

from exporters.contract import Exporter, Options
from exporters.errors import ExportError
from exporters.registry import all_exporters
from exporters.running import Asked, fail, is_current, run
from tooling.exit_codes import FAILED
from tooling.progress import Progress
from tooling.sources import Library

ENDED_S = 10.0
"""Seconds that a process has to end in when it is told to."""

Plan = Sequence[tuple[Exporter, Options]]


def run_all(plan: Plan, asked: Asked, jobs: int) -> list[int]:
    """Run every export of `plan`, at most `jobs` at a time; returns their exit codes, in order.

    One that fails ends no other.
    """
    due = (
        {}
        if jobs == 1
        else {family.name: how for family, how in longest_first(plan) if not is_current(family, how, asked)}
    )
    if len(due) < 2:
        return [run(exporter, options, asked) for exporter, options in plan]
    codes = {
        exporter.name: run(exporter, options, asked) for exporter, options in plan if exporter.name not in due
    }
    codes |= _Crew(due, asked, min(jobs, len(due))).run()
    return [codes[exporter.name] for exporter, _ in plan]


def longest_first(plan: Plan) -> Plan:
    """Begin with a checkpoint of the user's own, then with most to download, so that none is left alone."""

    def size(export: tuple[Exporter, Options]) -> float:
        exporter, options = export
        if options.checkpoint:
            return float("inf")
        return sum(source.size for source in exporter.sources(options))

    return sorted(plan, key=size, reverse=True)


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    name: str = ""
    """Of the exporter at work."""


class _Crew:
    """The processes, and what they are given."""

    def __init__(self, due: Mapping[str, Options], asked: Asked, jobs: int) -> None:
        self._left = list(due.items())
        self._all = len(due)
        self._asked = asked
        self._jobs = jobs
        self._codes: dict[str, int] = {}
        self._console = asked.library.progress.console or Console(quiet=True)

    def run(self) -> dict[str, int]:
        """Exit codes by name, once all is done."""
        workers: list[_Worker] = []
        with self._console.status("") as spinner:
            try:
                while self._left or any(worker.name for worker in workers):
                    while self._left and len(workers) < self._jobs:
                        workers.append(self._hire())
                    names = ", ".join(worker.name for worker in workers)
                    spinner.update(f"exporting {names}: {len(self._codes)} of {self._all} done")
                    ready = wait([worker.pipe for worker in workers])
                    for worker in [idle for idle in workers if idle.pipe in ready]:
                        if not self._hear(worker):
                            workers.remove(worker)
            finally:
                for worker in workers:
                    worker.process.terminate()
                for worker in workers:
                    worker.process.join(ENDED_S)
        return self._codes

    def _hire(self) -> _Worker:
        """A process with something to do."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        threads = max(1, len(os.sched_getaffinity(0)) // self._jobs)
        library = self._asked.library
        shared = self._asked.repository, library.root, dict(library.local), self._asked.force
        work = context.Process(
            target=_work, args=(theirs, threads, *shared, self._asked.as_json), daemon=True
        )
        work.start()
        theirs.close()
        worker = _Worker(work, ours)
        self._give(worker)
        return worker

    def _give(self, worker: _Worker) -> None:
        worker.name, options = self._left.pop(0)
        with suppress(OSError):  # of one that has died: that is heard next
            worker.pipe.send((worker.name, options))

    def _hear(self, worker: _Worker) -> bool:
        """What a process says; returns whether it stays."""
        try:
            kind, said = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join(ENDED_S)
            self._codes[worker.name] = self._died(worker)
            return False
        if kind == "code":
            self._codes[worker.name], worker.name = said, ""
            if self._left:
                self._give(worker)
            else:
                worker.pipe.close()
                worker.process.join(ENDED_S)
                return False
        elif kind == "out":
            print(said, flush=True)
        else:
            self._console.print(said, markup=False, highlight=False, soft_wrap=True)
        return True

    def _died(self, worker: _Worker) -> int:
        code = worker.process.exitcode
        how = f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with {code}"
        said = f"the process it ran in {how}, perhaps for want of memory: try --jobs 1"
        return fail(self._asked.as_json, self._console, worker.name, ExportError(said), FAILED)


class _Lines(io.TextIOBase):
    """Sends whole lines."""

    def __init__(self, pipe: Connection, kind: str) -> None:
        self._pipe, self._kind, self._begun = pipe, kind, ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._pipe.send((self._kind, line))
        return len(text)


def _work(
    pipe: Connection,
    threads: int,
    repository: Path,
    cache: Path,
    sources: Mapping[str, Path],
    force: bool,
    as_json: bool,
) -> None:
    """What a process does: exports by name until nothing more comes. threads: of each numeric library."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # more than there are cores would wait for each other
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it ends it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAILED))  # and what is half done is cleared away
    told, printed = (cast(IO[str], _Lines(pipe, kind)) for kind in ("err", "out"))
    console = None if as_json else Console(file=told, force_terminal=False)
    asked = Asked(repository, Library(cache, sources, Progress(console)), force, as_json)
    known = all_exporters()
    with redirect_stdout(printed):
        while True:
            try:
                name, options = pipe.recv()
            except EOFError:
                return
            pipe.send(("code", run(known[name], options, asked)))
