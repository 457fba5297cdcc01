"""Frames: `vision` and `studio` under load, detectors, the matte and recognition, beside what others do."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

from rich.console import Console

from perf import report
from perf.options import add_output, count, window
from perf.vision import detectors, frames, matte, peers, studio
from perf.vision.section import section
from server import Triton
from tooling.progress import Progress
from tooling.sources import Library

__all__ = ["add_arguments", "run", "section"]

THREADS = 2
PARTS = ("vision", "studio", "detectors", "matte", "recognition")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf vision`."""
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (all)")
    add(
        "--concurrency",
        type=count,
        nargs="+",
        metavar="N",
        default=frames.CALLERS,
        help="callers of vision (1 2 4 8)",
    )
    add("--rooms", type=count, nargs="+", metavar="N", default=studio.ROOMS, help="of studio (1 2 4)")
    add("--repeat", type=count, default=5, help="everything again so often; medians count (%(default)s)")
    add("--seconds", type=window, default=3.0, help="of load per step (%(default)s)")
    add_output(parser, "vision")


def run(options: argparse.Namespace) -> int:
    """Measures the parts that the options name and publishes the result."""
    console = report.console(as_json=options.json)
    library = Library(progress=Progress(console))
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    result = report.provenance(settings | {"threads": THREADS}) | {"kind": "vision"}
    with report.Steps(console) as steps:
        for found in _parts(options, library, steps, console):
            result |= found
            report.save(options.out, result)  # the rest may be interrupted
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def _parts(
    options: argparse.Namespace, library: Library, steps: report.Steps, console: Console
) -> Iterator[dict[str, object]]:
    """The parts that are asked for, one after the other."""
    callers, rooms = sorted(set(options.concurrency)), sorted(set(options.rooms))
    if {"vision", "studio", "recognition"} & set(options.parts):
        with _triton(steps.say) as triton:
            if "vision" in options.parts:
                steps.expect(1 + options.repeat * (1 + len(callers)))
                yield {
                    "vision": frames.compare(
                        triton, library, callers, options.repeat, options.seconds, steps.step
                    )
                }
            if "studio" in options.parts:
                steps.expect(options.repeat * len(rooms) * len(studio.EFFECTS))
                yield {
                    "studio": studio.compare(
                        triton, library, rooms, options.repeat, options.seconds, steps.step
                    )
                }
            if "recognition" in options.parts:
                from perf.vision import recognition  # noqa: PLC0415 - it takes PyTorch, and seconds

                yield {"recognition": recognition.compare(triton, library, steps.say)}
    if {"detectors", "matte"} & set(options.parts):
        with _neighbors(library, steps.say) as (found, missing):
            yield {"peers": {name: peer.versions for name, peer in found.items()}, "not_measured": missing}
            if "detectors" in options.parts:
                yield _detectors(found, library, options.repeat, steps)
            if "matte" in options.parts and "mediapipe" in found:
                yield {"matte": matte.compare(found["mediapipe"], library, steps.say)}


def _detectors(
    found: Mapping[str, peers.Peer], library: Library, rounds: int, steps: report.Steps
) -> dict[str, object]:
    everyone = detectors.ours(THREADS) | detectors.theirs(found.get("mediapipe"), found.get("MTCNN"))
    steps.expect(len(everyone) * (rounds + len(detectors.SHARES)))
    rows = detectors.compare(everyone, library, rounds, steps.step)
    return {"detectors": rows, "reach": detectors.reach(everyone, library, steps.step)}


@contextmanager
def _neighbors(
    library: Library, say: Callable[[str], None]
) -> Iterator[tuple[dict[str, peers.Peer], dict[str, str]]]:
    """Those that can be had here, by name, and why not of the others."""
    starts: dict[str, Callable[[], AbstractContextManager[peers.Peer]]] = {
        "mediapipe": lambda: peers.mediapipe(library.progress),
        "MTCNN": lambda: peers.facenet(THREADS, library.progress),
    }
    found, missing = {}, {}
    with ExitStack() as stack:
        for name, start in starts.items():
            say(f"starting {name}")
            try:
                found[name] = stack.enter_context(start())
            except RuntimeError as error:
                missing[name] = str(error)
        yield found, missing


def _triton(say: Callable[[str], None]) -> Triton:
    models = ["vision", "studio"]
    return Triton(report.PROJECT / "model_repository", models, drain_s=2.0, progress=say)
