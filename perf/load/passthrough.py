"""`python -m perf analyzer`: perf_analyzer itself, with any of its options."""

import argparse
import os

from liveroom._config import DEFAULT_URL

from exporters.progress import Progress
from exporters.sources import Library
from perf import report
from perf.load import analyzer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares that every option is perf_analyzer's own, `--help` included."""
    parser.prefix_chars = ""  # nothing looks like an option of ours
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def run(options: argparse.Namespace) -> int:
    """Becomes perf_analyzer; without `-u` and `-i` it talks gRPC to $LIVEROOM_URL or 127.0.0.1:8001."""
    binary, variables = analyzer.installed(Library(progress=Progress(report.console(as_json=True))))
    arguments: list[str] = options.arguments
    if "-i" not in arguments:
        arguments += ["-i", "grpc"]
    if "-u" not in arguments:
        arguments += ["-u", os.environ.get("LIVEROOM_URL") or DEFAULT_URL]
    try:
        os.execve(binary, [str(binary), *arguments], os.environ | variables)  # noqa: S606 - no shell is meant
    except OSError as error:
        raise RuntimeError(f"{binary} can't be run: {error.strerror}") from error
