"""Processes that we start: that they can't outlive us, how they end, what they leave behind (nothing)."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from server.errors import ServerError

SHM = Path("/dev/shm")  # noqa: S108 where the Python backend keeps its regions
FINALIZE_S = 4.0
_PLAIN = re.compile(r"[A-Za-z0-9/._+@%=,-]+")
_OTHERS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 mkdtemp makes folders that nobody else can enter
_DRAINED = b"All models are stopped, unloading models"  # Triton says so when no request is left
_DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys;"
    " ctypes.CDLL(None).prctl(1, signal.SIGTERM);"  # PR_SET_PDEATHSIG
    " signal.signal(signal.SIGPIPE, signal.SIG_DFL);"  # which Python ignores, and what it starts would too
    " os.execv(sys.argv[1], sys.argv[1:])"
)
"""Run in the command's process before it; a `preexec_fn` crashes one in four while threads use gRPC."""


def spawn(
    command: Sequence[str], env: Mapping[str, str], log: BinaryIO, *, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Starts `command` in a process group of its own (Ctrl-C reaches only us).

    Linux sends it SIGTERM when the thread that called this ends, however that happens; its stubs follow it.

    Args:
        command: the program, by its path, and its arguments.
        env: its environment.
        log: where its output goes.
        folder: where it runs; without one, where we do.
    """
    fcntl.fcntl(log, fcntl.F_SETFL, os.O_APPEND)  # so that somebody can empty it meanwhile
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, *command],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def fresh_folder(purpose: str) -> Path:
    """Makes a temporary folder, and removes those for the same that killed processes have left.

    Raises:
        ServerError: there is no folder for it that Triton can work with.
    """
    prefix, root = f"liveroom-{purpose}-", _scratch()
    for left in root.glob(f"{prefix}*-*/"):
        owner = left.name.removeprefix(prefix).split("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            remove_folder(left)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=root))


def _scratch() -> Path:
    """TMPDIR, or another folder where its name would not reach a stub.

    Triton starts stubs with a line for a shell in which names stand as they are; stubs read them as ASCII.
    """
    wanted = Path(tempfile.gettempdir())
    for folder in (wanted, *_OTHERS):
        if _PLAIN.fullmatch(str(folder)) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise ServerError(
        f"TMPDIR is {wanted}: Triton can't start Python models from there; set it to a folder that can be"
        " written to, whose name has nothing but ASCII letters, digits and /._-"
    )


def remove_folder(folder: Path) -> None:
    """Removes a server's folder, or one with those of several, and the shared memory that bears its name."""
    for named in (folder, *folder.glob("*/liveroom-triton-*")):
        for region in SHM.glob(f"{named.name}*"):
            with contextlib.suppress(OSError):  # somebody else's, or gone
                region.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def end(process: subprocess.Popen[bytes], drain_s: float, log: Path) -> None:
    """Ends the server and its stubs: SIGTERM, up to `drain_s` for requests in flight, SIGKILL for the rest.

    Once the requests are done models get FINALIZE_S; one with a dead stub would never unload by itself.
    """
    if process.poll() is None:
        process.terminate()
    deadline = time.monotonic() + drain_s
    drained = False
    while process.poll() is None and time.monotonic() < deadline:
        if not drained and _DRAINED in log.read_bytes():
            drained = True
            deadline = min(deadline, time.monotonic() + FINALIZE_S)
        time.sleep(0.02)
    while _signal_group(process.pid, signal.SIGKILL):
        process.poll()  # reaps the leader, whose zombie would count as alive
        time.sleep(0.01)
    process.wait()


def stop(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Ends a process without children of its own: SIGTERM, and SIGKILL after `patience_s` seconds."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _signal_group(group: int, number: int) -> bool:
    """Whether there was anyone left to get the signal."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True
