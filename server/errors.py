"""The one error of this package, and how Triton's own reports become one sentence."""

import errno
import os
import re
from pathlib import Path
from typing import BinaryIO

_STATE = re.compile(r"version \d+ is at \w+ state: (.*)", re.DOTALL)
_STATUS = re.compile(r"^(?:Internal|Invalid argument|Not found|Unavailable|Unsupported|Unknown): ")
_FRAME = re.compile(r"(\S+\.py)\((\d+)\): \w+")
_NO_SHARED_MEMORY = re.compile(
    r"Unable to initialize shared memory key .* requested size \((\d+) bytes\).*Error: ([^;]*)"
)
_LOGGED_ERROR = re.compile(r'^E\d{4} \S+ \d+ \S+\] "?(.*?)"?$', re.MULTILINE)


class ServerError(RuntimeError):
    """The server could not start or go on. The message is one sentence: what, which file, what to do."""


def reason_of(report: str) -> str:
    r"""What Triton said of a model, without its prefixes; a Python error keeps the frame that raised it.

    `report` is an error such as "load failed for model 'a': version 1 is at UNAVAILABLE state: Internal:
    RuntimeError: no vocabulary\n\nAt:\n  /repository/a/1/model.py(12): initialize\n;".
    """
    if match := _STATE.search(report):
        report = match.group(1)
    head, _, frames = report.partition("\n\nAt:\n")
    head = _STATUS.sub("", " ".join(head.split()).rstrip("; "))
    if match := _NO_SHARED_MEMORY.search(head):
        size, why = int(match[1]), match[2].strip().lower()
        return (
            f"its process gets no {size / 2**20:.0f} MB of shared memory in /dev/shm ({why}): let it be"
            " written to and larger (1 GB is ample; of a container --shm-size=1g)"
        )
    if frame := _FRAME.search(frames):
        head += f" ({frame.group(1)}, line {frame.group(2)})"
    return head


def poll_failure(log: Path, model: str) -> str:
    """Why Triton refused a model's folder or configuration: only the log says. Empty if not even that."""
    pattern = re.compile(rf"Poll failed for model directory '{re.escape(model)}': (.*?)\"?$", re.MULTILINE)
    found = pattern.findall(log.read_text(errors="replace"))
    return str(found[-1]) if found else ""


def last_error(log: Path) -> str:
    """The last error Triton logged, or "no reason given"."""
    found = _LOGGED_ERROR.findall(log.read_text(errors="replace"))
    return str(found[-1]).strip() if found else "no reason given"


def of_system(error: OSError) -> ServerError:
    """What to say where a file of ours can't be read or written: which, why and what would be right."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.EACCES, errno.EPERM):
        reason += f" for user {os.getuid()}: let it be read, and folders be entered (chmod -R a+rX)"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason += ": make room there, or set TMPDIR to another folder"
    return ServerError(f"{error.filename}: {reason}" if error.filename else reason)


def open_log(path: Path) -> BinaryIO:
    """Triton's log, emptied.

    Raises:
        ServerError: it can't be written to and read back.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb+")
    except OSError as error:
        reason = "it is a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise ServerError(
            f"Triton's log {path} can't be written ({reason}): give --log-file a file that can be"
        ) from error


def unusable_port(purpose: str, port: int, bind: str, error: OSError | OverflowError) -> ServerError:
    """What to say where nothing can listen on `port` of `bind`."""
    reason = ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower().rstrip(".")
    return ServerError(
        f"{purpose} port {port} on {bind} can't be used ({reason}):"
        " stop what listens there or choose another port (0 picks a free one)"
    )
