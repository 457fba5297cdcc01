"""Watches the Python stubs: Triton 2.51 reports a model with a dead stub as ready and never restarts it."""

import collections
import contextlib
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from server.errors import ServerError
from server.loader import Loader

RELOADS = 3
WINDOW_S = 300.0
PAUSE_S = 1.5
_EVERY_S = 0.25
_STUB = "triton_python_backend_stub"


class Stub(NamedTuple):
    """Which instance of which model a process is; the one that replaces it has the same."""

    model: str
    instance: str


class StubSupervisor(threading.Thread):
    """Loads a model again when a stub of it dies or is stopped, at most RELOADS times in WINDOW_S seconds.

    One that dies once more is out of service until it has been so for WINDOW_S; what needs it fails, all else
    goes on.

    Args:
        server_pid: of tritonserver.
        loader: what loads a model again.
        niceness: by model, for those whose stubs are to step back behind others on the CPU.
        fail: is called, and watching ends, when a model can't be loaded, or nothing is left that answers.
        progress: is told, in a few words, what is going on.
    """

    def __init__(
        self,
        server_pid: int,
        loader: Loader,
        niceness: Mapping[str, int],
        fail: Callable[[ServerError], None],
        progress: Callable[[str], None],
    ) -> None:
        super().__init__(name="stub-supervisor", daemon=True)
        self._server = psutil.Process(server_pid)
        self._loader = loader
        self._fail = fail
        self._progress = progress
        self._stopped = threading.Event()
        self._deaths: dict[str, collections.deque[float]] = collections.defaultdict(collections.deque)
        self._niceness = niceness
        self._stubs = self._placed()
        self._paused: dict[psutil.Process, float] = {}
        self._unproven: set[str] = set()
        self.out_of_service: set[str] = set()
        """Models that died too often: their processes are not there, and whoever asks them gets an error."""
        self.trouble = ""
        """What is wrong with the processes, in one sentence; "" when nothing is."""

    def stop(self) -> None:
        """Ends watching; a reload under way ends with the server, and its error counts no more."""
        self._stopped.set()

    def run(self) -> None:
        """Looks at every stub a few times a second."""
        while not self._stopped.wait(_EVERY_S) and _alive(self._server):
            gone = {stub for process, stub in self._stubs.items() if not _alive(process)}
            if not gone:
                self.trouble = self._stopped_processes()
                self._try_again()
                continue
            self.trouble = f"a process of {', '.join(sorted({stub.model for stub in gone}))} died"
            missing = gone - set(self._find().values())  # without those that somebody else had loaded again
            lost = {model for model in {stub.model for stub in missing} if self._loader.is_serving(model)}
            try:
                self._mend(lost)
                self._stubs = self._found_again(gone, lost)
                self._check()
            except ServerError as error:
                if not self._stopped.is_set():
                    self._fail(error)
                return

    def _mend(self, models: Collection[str]) -> None:
        """Loads all of them again before any is asked, as an ensemble may be over several."""
        hopeless = {model for model in sorted(models) if self._dies_too_often(model)}
        for process, stub in self._stubs.items():
            if stub.model in models and _alive(process):
                process.kill()  # Triton waits for ever for the living instances of a model with a dead one
        self.out_of_service |= hopeless
        self._loader.reload(set(models) - hopeless)
        self._unproven.update(set(models) - hopeless)
        for model in hopeless:
            self._take_out_of_service(model)

    def _dies_too_often(self, model: str) -> bool:
        """Counts one more death."""
        now = time.monotonic()
        deaths = self._deaths[model]
        deaths.append(now)
        while deaths[0] < now - WINDOW_S:
            deaths.popleft()
        if len(deaths) > RELOADS:
            return True
        self._progress(f"a process of model '{model}' died: loading it again ({len(deaths)} of {RELOADS})")
        return False

    def _take_out_of_service(self, model: str) -> None:
        """Says who fails with it and who goes on.

        Raises:
            ServerError: nobody does.
        """
        deaths = self._deaths[model]
        what = f"model '{model}' died {len(deaths)} times in {deaths[-1] - deaths[0]:.0f} s"
        answering, failing = self._loader.asked()
        if not answering:
            raise ServerError(f"{what}: it is not loaded again, and nothing answers without it")
        also = [name for name in failing if name != model]
        without = f" and with it {', '.join(also)}" if also else ""
        self._progress(f"{what} and is out of service{without}; going on: {', '.join(answering)}")

    def _try_again(self) -> None:
        """Loads what has been out of service for WINDOW_S; what can't be loaded stays so as long again."""
        now = time.monotonic()
        for model in [name for name in self.out_of_service if now - self._deaths[name][-1] > WINDOW_S]:
            try:
                self._loader.reload([model])
            except ServerError as error:
                self._deaths[model].append(now)
                self._progress(f"{error}: it stays out of service")
                continue
            self.out_of_service.remove(model)
            self._stubs = self._placed()
            self._progress(f"model '{model}' is back in service")

    def _found_again(self, gone: Collection[Stub], lost: Collection[str]) -> dict[psutil.Process, Stub]:
        """Every living stub, and those that died meanwhile, which the next look will find dead."""
        placed = self._placed()
        there = set(placed.values())
        died = {
            process: stub
            for process, stub in self._stubs.items()
            if stub not in there
            and stub.model not in self.out_of_service
            and (stub not in gone or stub.model in lost)
        }
        return {**died, **placed}

    def _check(self) -> None:
        """Asks what was loaded again, as soon as all processes are there.

        Raises:
            ServerError: one does not answer, though all of its processes live.
        """
        if not self._whole():
            return
        try:
            self._loader.check(self._unproven, self.out_of_service)
            self._unproven.clear()
        except ServerError:
            if self._whole():  # else it failed for one that died meanwhile
                raise

    def _whole(self) -> bool:
        return all(_alive(process) for process in self._stubs)

    def _stopped_processes(self) -> str:
        """Which of them are there and don't run, after a SIGSTOP. A stub that stays so is ended."""
        if _status(self._server) == psutil.STATUS_STOPPED:
            return "tritonserver is stopped"
        now = time.monotonic()
        stopped = [stub for stub in self._stubs if _status(stub) == psutil.STATUS_STOPPED]
        self._paused = {stub: self._paused.get(stub, now) for stub in stopped}
        for process, since in self._paused.items():
            if now - since > PAUSE_S:  # Triton has given it up by now, and aborts should it go on
                with contextlib.suppress(psutil.Error):
                    process.kill()
        models = sorted({self._stubs[stub].model for stub in stopped})
        return f"a process of {', '.join(models)} is stopped" if models else ""

    def _placed(self) -> dict[psutil.Process, Stub]:
        """Every living stub, once it has the niceness of its model."""
        stubs = self._find()
        for process, stub in stubs.items():
            if niceness := self._niceness.get(stub.model, 0):
                with contextlib.suppress(psutil.Error, ProcessLookupError):  # gone by now
                    for thread in process.threads():  # to Linux each has a niceness of its own
                        os.setpriority(os.PRIO_PROCESS, thread.id, niceness)
        return stubs

    def _find(self) -> dict[psutil.Process, Stub]:
        """Every living stub: called with <repository>/<model>/<version>/<file> ... <instance> <runtime>."""
        stubs: dict[psutil.Process, Stub] = {}
        try:
            children = self._server.children()
        except psutil.NoSuchProcess:  # the server ended, and they with it
            return stubs
        for child in children:
            try:
                arguments = child.cmdline()
            except psutil.Error:  # gone or a zombie by now
                continue
            if arguments and Path(arguments[0]).name == _STUB:
                stubs[child] = Stub(Path(arguments[1]).parent.parent.name, arguments[-2])
        return stubs


def _alive(process: psutil.Process) -> bool:
    return _status(process) not in (psutil.STATUS_DEAD, psutil.STATUS_ZOMBIE)


def _status(process: psutil.Process) -> str:
    try:
        return process.status() if process.is_running() else psutil.STATUS_DEAD
    except psutil.Error:
        return psutil.STATUS_DEAD
