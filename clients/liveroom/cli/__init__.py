"""The `liveroom` command."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from .._errors import LiveroomError
from ._exit import CLOSED_PIPE, FAILED, INTERRUPTED, exit_code
from ._parser import parser
from ._report import report
from ._stderr import libraries_silenced


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see `liveroom --help`)."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what it logs stands in our errors too
    with libraries_silenced():
        return _run(parser().parse_args(argv))


def _run(arguments: argparse.Namespace) -> int:
    try:
        code: int = asyncio.run(arguments.run(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # whoever reads our output has gone, as in `liveroom ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = CLOSED_PIPE
    except LiveroomError as error:
        report(error, as_json=arguments.json)
        code = exit_code(error)
    except OSError as error:
        report(error, as_json=arguments.json)
        code = FAILED
    return code
