"""Speech recognition: `asr` against faster-whisper, `captions` against WhisperLive."""

import argparse
from collections.abc import Iterator, Sequence

from liveroom import Client

from evaluation import speech
from evaluation.speech import Clip
from perf import report
from perf.asr import comparison, crowds, faster_whisper, streaming_peer, streams
from perf.asr.section import section
from perf.options import add_output, count
from server import Triton
from tooling.progress import Progress
from tooling.sources import Library

__all__ = ["add_arguments", "run", "section"]

THREADS = 2
PARTS = ("clips", "crowds", "streams")
_STREAMED = "two_cities"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf asr`."""
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="clips, many at once, live rooms (all)")
    add("--repeat", type=count, default=5, help="runs of each; medians count (%(default)s)")
    add(
        "--concurrency",
        type=count,
        nargs="+",
        metavar="N",
        default=crowds.SIZES,
        help="clips at once (1 4 8)",
    )
    add("--rooms", type=count, nargs="+", metavar="N", default=streams.SIZES, help="live rooms (1 4)")
    add_output(parser, "asr")


def run(options: argparse.Namespace) -> int:
    """Measures the parts that the options name and publishes the result."""
    console = report.console(as_json=options.json)
    library = Library(progress=Progress(console))
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    result = report.provenance(settings | {"threads": THREADS}) | {"kind": "asr"}
    clips = speech.clips(library=library)
    with report.Steps(console) as steps:
        if {"clips", "crowds"} & set(options.parts):
            for found in _against_faster_whisper(options, clips, library, steps):
                result |= found
                report.save(options.out, result)  # the rest may be interrupted
        if "streams" in options.parts:
            clip = next(clip for clip in clips if clip.name == _STREAMED)
            result |= _against_whisper_live(options.rooms, clip, library, steps)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def _against_faster_whisper(
    options: argparse.Namespace, clips: Sequence[Clip], library: Library, steps: report.Steps
) -> Iterator[dict[str, object]]:
    """The parts that are asked for, one after the other."""
    chosen = comparison.selection(clips)
    english = [clip for clip in chosen if clip.language == "en"]
    runs = options.repeat + 1
    with (
        _triton("asr") as triton,
        faster_whisper.started(THREADS, library) as peer,
        Client(triton.grpc) as client,
    ):
        yield {"peer": peer.versions}
        if "clips" in options.parts:
            steps.expect(len(chosen) * runs)
            rows = comparison.compare(client, peer, chosen, options.repeat, steps.step)
            yield {"clips": rows, "error_rates": comparison.error_rates(chosen, rows)}
        if "crowds" in options.parts:
            steps.expect(len(options.concurrency) * runs)
            many = crowds.compare(triton.grpc, peer, english, options.concurrency, options.repeat, steps.step)
            yield {"crowds": many}


def _against_whisper_live(
    sizes: Sequence[int], clip: Clip, library: Library, steps: report.Steps
) -> dict[str, object]:
    """The rows, or why WhisperLive can't be measured here: it is not everywhere that it can be installed."""
    steps.expect(2 * len(sizes))
    try:
        theirs = {}
        with streaming_peer.running(THREADS, max(sizes), library) as peer:
            for size in sizes:
                theirs[size] = peer.play(clip, size)
                steps.step(f"WhisperLive, rooms: {size}")
    except RuntimeError as error:
        return {"streams": [], "streams_not_measured": str(error)}
    ours = {}
    with _triton("captions") as triton:
        for size in sizes:
            ours[size] = streams.captions(triton.grpc, clip, size)
            steps.step(f"ours, rooms: {size}")
    versions = {"whisper-live": streaming_peer.VERSION}
    return {"streams": streams.rows(clip, ours, theirs), "streams_peer": versions}


def _triton(model: str) -> Triton:
    return Triton(report.PROJECT / "model_repository", [model], drain_s=2.0)
