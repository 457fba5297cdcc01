"""`python -m perf NAME`: the table of measurements, and the dispatch to one of them."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Protocol

from liveroom import LiveroomError
from liveroom._files import keep_apart

from tooling.terminal import run, told, write_any_text

COMMANDS = {
    "live": ("perf.live.command", "one live room, heard and seen as it is played"),
    "asr": ("perf.asr.command", "speech recognition against faster-whisper and WhisperLive"),
    "rooms": ("perf.rooms.command", "how many live rooms a server carries"),
    "models": ("perf.models.command", "how fast each model is, and how near to what the cores can do"),
    "inputs": ("perf.inputs.command", "write real inputs for perf_analyzer"),
    "vision": (
        "perf.vision.command",
        "frames: vision and studio, and their parts beside what others do",
    ),
    "text": ("perf.text.command", "lines of chat judged in a second, beside Detoxify's network"),
    "analyzer": ("perf.load.passthrough", "perf_analyzer, found and set up, with its own options"),
    "peers": ("perf.peers.command", "the same ONNX files, served by what people would pick instead"),
    "capacity": (
        "perf.capacity.command",
        "how many servers for so many rooms, what should scale them, and what that costs",
    ),
    "compare": ("perf.compare.command", "what changed between two results, told from noise"),
    "report": ("perf.report.command", "the page of all results, drawn again from what there is"),
}


class Command(Protocol):
    """A module with a measurement."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares its options."""

    def run(self, options: argparse.Namespace) -> int:
        """Measures, prints, and returns the exit code."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one measurement and returns its exit code; only its own module is imported."""
    parser = argparse.ArgumentParser(prog="python -m perf", description=__doc__)
    subparsers = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    chosen = next((word for word in (arguments or sys.argv[1:]) if word in COMMANDS), None)
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name == chosen:
            try:
                command: Command = importlib.import_module(module)
            except ModuleNotFoundError as error:
                print(
                    f"error: {error.name} is not installed: run make setup, or "
                    "pip install -e '.[server,exporters,perf]'",
                    file=sys.stderr,
                )
                return 1
            command.add_arguments(subparser)
    options = parser.parse_args(arguments)
    write_any_text(as_json=getattr(options, "json", False))
    try:
        _check_out(options)
        return command.run(options)
    except BrokenPipeError:
        raise
    except (LiveroomError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {told(error)}", file=sys.stderr)
        return 1


def _check_out(options: argparse.Namespace) -> None:
    """See before minutes are spent that the result can be written, and over nothing that is read.

    Raises:
        InvalidInput: it is one of the files that are read.
        OSError: it can't be written.
    """
    given: list[object] = [
        item for value in vars(options).values() for item in (value if isinstance(value, list) else [value])
    ]
    out = getattr(options, "out", None)
    if out is None:
        return
    keep_apart(out, *(path for path in given if isinstance(path, Path) and path is not out))
    from perf.report.results import check_writable  # noqa: PLC0415 - imports what --help does not need

    check_writable(out, folder=options.name == "inputs")


if __name__ == "__main__":
    sys.exit(run(main))
