"""`python -m perf analyzer`: perf_analyzer itself, with any of its options."""

import argparse
import os
from collections.abc import Sequence

from liveroom._config import DEFAULT_URL

from perf import report
from perf.load import analyzer
from tooling.progress import Progress
from tooling.sources import Library

REFUSED = (
    "perf_analyzer asks for models' configurations and statistics, which the gateway refuses: through it, use"
    " `python -m perf rooms --url URL --token-file FILE --ca FILE`; perf_analyzer works on a server itself,"
    " such as `kubectl port-forward POD 8001` and `python -m perf analyzer -u 127.0.0.1:8001 ...`"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares that every option is perf_analyzer's own, `--help` included."""
    parser.prefix_chars = ""  # nothing looks like an option of ours
    parser.add_argument("arguments", nargs=argparse.REMAINDER)


def run(options: argparse.Namespace) -> int:
    """Becomes perf_analyzer; without `-u` and `-i` it talks gRPC to $LIVEROOM_URL or 127.0.0.1:8001.

    Raises:
        RuntimeError: it is a gateway's, of which perf_analyzer would say that a host is unknown.
    """
    arguments = addressed(options.arguments)
    binary, variables = analyzer.installed(Library(progress=Progress(report.console(as_json=True))))
    try:
        os.execve(binary, [str(binary), *arguments], os.environ | variables)  # noqa: S606 - no shell is meant
    except OSError as error:
        raise RuntimeError(f"{binary} can't be run: {error.strerror}") from error


def addressed(arguments: Sequence[str]) -> list[str]:
    """perf_analyzer's options with an address as it takes them, which has no scheme.

    Raises:
        RuntimeError: it is a gateway's.
    """
    given = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    given.add_argument("-i", dest="protocol", default="grpc")
    given.add_argument("-u", dest="url", default=os.environ.get("LIVEROOM_URL") or DEFAULT_URL)
    options, others = given.parse_known_args(arguments)
    if options.url.startswith("grpcs://"):
        raise RuntimeError(f"{options.url}: {REFUSED}")
    return [*others, "-i", options.protocol, "-u", options.url.removeprefix("grpc://").rstrip("/")]
