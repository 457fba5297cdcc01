"""Speech recognition: `asr` against faster-whisper, `captions` against WhisperLive."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from liveroom import Client
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from exporters import speech
from exporters.errors import ExportError
from exporters.progress import Progress as Steps
from exporters.sources import Library
from exporters.speech import Clip
from perf import report
from perf.asr import comparison, crowds, faster_whisper, streaming_peer, streams
from perf.asr.section import section
from server import Triton

__all__ = ["add_arguments", "run", "section"]

THREADS = 2
PARTS = ("clips", "crowds", "streams")
_STREAMED = "two_cities"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf asr`."""
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="clips, many at once, live rooms (all)")
    add("--repetitions", type=_whole, default=5, help="runs per clip; the median counts (%(default)s)")
    add("--at-once", type=_whole, nargs="+", metavar="N", default=crowds.SIZES, help="clips (1 4 8)")
    add("--rooms", type=_whole, nargs="+", metavar="N", default=streams.SIZES, help="live rooms (1 4)")
    add("--out", type=Path, default=report.BUILD / "asr.json", help="where the result goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; progress goes to stderr")


def run(options: argparse.Namespace) -> int:
    """Measures the parts that the options name and publishes the result."""
    console = report.console(as_json=options.json)
    library = Library(progress=Steps(console))
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    result = report.provenance(settings | {"threads": THREADS}) | {"kind": "asr"}
    clips = speech.clips(library=library)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        if {"clips", "crowds"} & set(options.parts):
            result |= _against_faster_whisper(options, clips, library, progress)
        if "streams" in options.parts:
            clip = next(clip for clip in clips if clip.name == _STREAMED)
            result |= _against_whisper_live(options.rooms, clip, library, progress)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def _against_faster_whisper(
    options: argparse.Namespace, clips: Sequence[Clip], library: Library, progress: Progress
) -> dict[str, object]:
    chosen = comparison.selection(clips)
    english = [clip for clip in chosen if clip.language == "en"]
    runs = options.repetitions + 1
    found: dict[str, object] = {}
    with (
        _triton("asr") as triton,
        faster_whisper.started(THREADS, library) as peer,
        Client(triton.grpc) as client,
    ):
        found["peer"] = peer.versions
        if "clips" in options.parts:
            steps = _Steps(progress, len(chosen) * runs)
            rows = comparison.compare(client, peer, chosen, options.repetitions, steps.advance)
            found |= {"clips": rows, "error_rates": comparison.error_rates(chosen, rows)}
        if "crowds" in options.parts:
            steps = _Steps(progress, len(options.at_once) * runs)
            found["crowds"] = crowds.compare(
                triton.grpc, peer, english, options.at_once, options.repetitions, steps.advance
            )
    return found


def _against_whisper_live(
    sizes: Sequence[int], clip: Clip, library: Library, progress: Progress
) -> dict[str, object]:
    """The rows, or why WhisperLive can't be measured here: it is not everywhere that it can be installed."""
    steps = _Steps(progress, 2 * len(sizes))
    try:
        theirs = {}
        with streaming_peer.running(THREADS, max(sizes), library) as peer:
            for size in sizes:
                theirs[size] = peer.play(clip, size)
                steps.advance(f"WhisperLive, rooms: {size}")
    except (RuntimeError, ExportError) as error:
        return {"streams": [], "streams_not_measured": str(error)}
    ours = {}
    with _triton("captions") as triton:
        for size in sizes:
            ours[size] = streams.captions(triton.grpc, clip, size)
            steps.advance(f"ours, rooms: {size}")
    versions = {"whisper-live": streaming_peer.VERSION}
    return {"streams": streams.rows(clip, ours, theirs), "streams_peer": versions}


def _triton(model: str) -> Triton:
    return Triton(report.PROJECT / "model_repository", [model], drain_s=2.0)


class _Steps:
    """A bar of the progress display."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def advance(self, what: str) -> None:
        """One step is done, of `what`."""
        self._progress.update(self._task, advance=1, description=what)


def _whole(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number, 1 or more")
    return int(text)
