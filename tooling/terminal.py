"""Output that any terminal takes."""

import errno
import io
import os
import sys
from collections.abc import Callable

from tooling.exit_codes import CLOSED_PIPE, INTERRUPTED


def write_any_text(*, as_json: bool) -> None:
    """Let no character end a command because stdout's encoding lacks it; JSON is always UTF-8.

    Python escapes such characters on stderr by itself.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if as_json else None, errors="replace")


def run(main: Callable[[], int]) -> int:
    """The exit code of a command, also where Ctrl-C or a reader of its output that has gone end it."""
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still has to write
        return CLOSED_PIPE
    return code


def told(error: OSError) -> str:
    """One sentence for a file that can't be read or written: which, why, and what would be right."""
    reason = (error.strerror or str(error)).lower()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason += f": expected what user {os.getuid()} may read and write; options and --help say how else"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason += ": make room there, or name another folder"
    return f"{error.filename}: {reason}" if error.filename else reason
