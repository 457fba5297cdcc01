"""What all parts of the local cluster share: the project's folder, the one address, how files are written."""

import fcntl
import os
import random
from pathlib import Path
from typing import TextIO

from liveroom._files import replacing

from cluster.errors import ClusterError
from server.errors import ServerError
from server.launch import pick_port

PROJECT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.1"
"""Where everything listens: nothing of a local cluster can be reached from another machine."""

_OUTGOING = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
_LASTING = iter(random.sample(range(10_240, max(10_240, _OUTGOING)), max(0, _OUTGOING - 10_240)))


def lasting_port(purpose: str) -> int:
    """A free port to be kept by a server through its restarts, never the same twice.

    It is below those that Linux gives to outgoing connections: one of these would take it while its server is
    away. Where there are none below, or all are taken, it is one of those. Raises server.errors.ServerError.
    """
    for port in _LASTING:
        try:
            return pick_port(port, LOOPBACK, purpose)
        except ServerError:  # somebody listens there
            continue
    return pick_port(0, LOOPBACK, purpose)


def take_folder(folder: Path) -> TextIO:
    """Makes `folder` and keeps other clusters out of it until the file is closed, or its process is gone.

    Raises:
        ClusterError: it can't be used, or another one uses it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ClusterError(f"{folder} belongs to a cluster that is up: choose another folder") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ClusterError(f"the folder {folder} can't be used: {reason}") from error
    return lock


def replace_text(file: Path, text: str) -> None:
    """Writes a file that others read or watch: they see the old content or the new one, never a part."""
    with replacing(file) as part:
        part.write_text(text, encoding="utf-8")


def write_with_mode(file: Path, content: bytes, mode: int) -> None:
    """Writes a file that never had a wider mode than `mode`."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as output:
        output.write(content)
