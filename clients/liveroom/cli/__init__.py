"""The `liveroom` command."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .._errors import LiveroomError
from ._exit import CLOSED_PIPE, FAILED, INTERRUPTED, TERMINATED, exit_code
from ._parser import parser
from ._report import report, warnings_shown
from ._stderr import libraries_silenced


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `liveroom --help`)."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it logs stands in our errors too
    _write_any_text(as_json="--json" in (sys.argv[1:] if argv is None else argv))
    with libraries_silenced():
        arguments = parser().parse_args(argv)
        with warnings_shown(as_json=arguments.json):
            return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    try:
        with _ended_by_sigterm():
            code: int = asyncio.run(arguments.run(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever reads our output has gone, as in `liveroom ... | head`
        _drop_output()
        code = CLOSED_PIPE
    except LiveroomError as error:
        report(error, as_json=arguments.json)
        code = exit_code(error)
    except OSError as error:
        report(error, as_json=arguments.json)
        code = FAILED
        try:
            sys.stdout.flush()
        except OSError:  # what a full disk did not take
            _drop_output()
    return code


def _drop_output() -> None:
    """Let Python try no more, as it ends, to write what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM unwinds the block, so that nothing half-written is left, and ends the command."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(TERMINATED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _write_any_text(*, as_json: bool) -> None:
    """Let no text end the command because the terminal's encoding lacks a character; JSON is UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if as_json else None, errors="replace")
