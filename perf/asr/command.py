"""Speech recognition: `asr` against faster-whisper, clip by clip."""

import argparse
import json
from pathlib import Path

from liveroom import Client
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from exporters import speech
from exporters.progress import Progress as Steps
from exporters.sources import Library
from perf import report
from perf.asr import comparison, faster_whisper
from server import Triton

THREADS = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf asr`."""
    add = parser.add_argument
    add("--repetitions", type=_whole, default=5, help="runs per clip; the median counts (%(default)s)")
    add("--out", type=Path, default=report.BUILD / "asr.json", help="where the result goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; progress goes to stderr")


def run(options: argparse.Namespace) -> int:
    """Measures what the options ask for, prints it, and writes build/asr.json."""
    console = report.console(as_json=options.json)
    library = Library(progress=Steps(console))
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    result = report.provenance(settings | {"threads": THREADS})
    with (
        console.status("starting Triton") as status,
        Triton(
            report.PROJECT / "model_repository", ["captions"], drain_s=2.0, progress=status.update
        ) as triton,
    ):
        status.stop()
        result |= _clips(triton, library, options.repetitions, console, show=not options.json)
    report.save(options.out, result)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        console.print(f"the same as JSON: {options.out}")
    return 0


def _clips(
    triton: Triton, library: Library, repetitions: int, console: Console, *, show: bool
) -> dict[str, object]:
    """The comparison as the result has it."""
    clips = comparison.selection(speech.clips(library=library))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        faster_whisper.started(THREADS, library) as peer,
        Client(triton.grpc) as client,
        Progress(*columns, console=console, transient=True) as progress,
    ):
        compared = comparison.compare(client, peer, clips, repetitions, progress)
    if show:
        console.print(comparison.table(compared))
    return compared.to_json() | {"peer": peer.versions}


def _whole(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number, 1 or more")
    return int(text)
