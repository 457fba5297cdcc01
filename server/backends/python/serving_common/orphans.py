"""Models' processes go with their server, even where it was killed in the middle of an exchange with one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Thread

PERIOD = 1.0
"""Seconds between two looks."""
_PROCESS = "triton_python_backend_stub"


def leave_with_the_server() -> None:
    """Watch the server, where this is the process of a model.

    Triton's own look at it comes between two requests; a process that waits for an answer, or for memory that
    both share and that a killed server has locked, would stay for ever, with all that its model takes.
    """
    if Path("/proc/self/exe").readlink().name == _PROCESS:
        Thread(target=_watch, args=(os.getppid(),), name="orphans", daemon=True).start()


def _watch(server: int) -> None:
    while os.getppid() == server:
        time.sleep(PERIOD)
    os._exit(1)  # what would be tidied up is shared with a server that is gone
