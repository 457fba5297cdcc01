"""Processes that are forked while a client is open: gRPC cannot be used in them, nor may it be torn down.

gRPC's own support of forks (https://github.com/grpc/grpc/blob/master/doc/fork_support.md) knows no asyncio:
with it a child of a process with a channel crashes, whatever it does; without it a child hangs in its first
call, and one that merely lets go of a channel disturbs its parent, whose sockets and epoll it shares. So
that support is switched off (unless GRPC_ENABLE_FORK_SUPPORT says otherwise), a child is refused at once,
and keeps what it has inherited until it ends. Where every client was closed before the fork, or none used
yet, gRPC starts anew there.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import time
from pathlib import Path
from typing import NoReturn
from weakref import WeakKeyDictionary

from ._errors import ClientForked

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")  # gRPC reads it when it is first used

_open: WeakKeyDictionary[object, asyncio.AbstractEventLoop] = WeakKeyDictionary()
_used = False
_restless = False
_lost = False

REST_S = 1.0
"""Seconds that a fork may wait for clients that were closed to be gone."""


def opened(what: object, loop: asyncio.AbstractEventLoop) -> None:
    """From now on until `closed` a fork loses `what`, which lives on `loop`."""
    global _used  # noqa: PLW0603 - a property of the process, like the other
    _used = True
    _open[what] = loop


def closed(what: object) -> None:
    """It holds nothing of gRPC, and no thread, any more."""
    _open.pop(what, None)


def lost() -> bool:
    """Whether this process was forked while a client was open."""
    return _lost


def check() -> None:
    """Refuse to go on in such a process.

    Raises:
        ClientForked: it is one.
    """
    if _lost:
        raise ClientForked(
            f"process {os.getpid()} was forked while a liveroom client was open, and gRPC works in no such"
            " process: make the client after the fork, close it before, or start processes with"
            " multiprocessing's 'spawn' or 'forkserver'"
        )


class StaysHere:
    """What neither pickle nor copy can make again, in a pool's process above all."""

    def __reduce__(self) -> NoReturn:
        """Refuse.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{type(self).__name__} of liveroom can't be copied or sent to another process, where its"
            " connections are not: make one there"
        )


def _settle() -> None:
    """Before a fork: what was closed ends here, so that gRPC is at rest. Its calls are cyclic garbage."""
    global _used, _restless  # noqa: PLW0603
    if not _used or _open:
        return
    until = time.monotonic() + REST_S
    gc.collect()
    while (_restless := _at_work()) and time.monotonic() < until:
        time.sleep(0.01)  # what a client's thread still holds
        gc.collect()
    _used = _restless


def _at_work() -> bool:
    """Whether gRPC has threads here, which a child would lack."""
    for name in Path("/proc/self/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # it has just ended
            if name.read_text().startswith(("event_engine", "grpc_")):
                return True
    return False


def _keep() -> None:
    """In the child: let nothing be deleted of what belongs to the parent, not even when Python ends."""
    global _lost  # noqa: PLW0603
    inherited = list(_open.items())
    if inherited or _restless:
        _lost = True
    for what, loop in inherited:
        for kept in (what, loop, *asyncio.all_tasks(loop)):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    _open.clear()


os.register_at_fork(before=_settle, after_in_child=_keep)
