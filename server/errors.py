"""The one error of this package, and how Triton's own reports become one sentence."""

import re
from pathlib import Path

_STATE = re.compile(r"version \d+ is at \w+ state: (.*)", re.DOTALL)
_STATUS = re.compile(r"^(?:Internal|Invalid argument|Not found|Unavailable|Unsupported|Unknown): ")
_FRAME = re.compile(r"(\S+\.py)\((\d+)\): \w+")
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


def unusable_port(purpose: str, port: int, bind: str, error: OSError | OverflowError) -> ServerError:
    """What to say where nothing can listen on `port` of `bind`."""
    reason = ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower().rstrip(".")
    return ServerError(
        f"{purpose} port {port} on {bind} can't be used ({reason}):"
        " stop what listens there or choose another port (0 picks a free one)"
    )
