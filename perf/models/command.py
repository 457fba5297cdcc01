"""`python -m perf models`: every model of the repository under perf_analyzer, and without a server."""

import argparse
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from perf import report
from perf.inputs.command import FOLDER, chosen, write
from perf.models.drawing import section
from perf.models.measuring import measure, steps
from server import Triton

__all__ = ["add_arguments", "run", "section"]

CONCURRENCY = (1, 4, 16)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf models`."""
    add = parser.add_argument
    add("models", nargs="*", metavar="NAME", help="models (default: every one of the repository)")
    add(
        "--concurrency",
        type=_whole,
        nargs="+",
        metavar="N",
        default=CONCURRENCY,
        help="callers at a time, each with one request under way (default: 1 4 16)",
    )
    add("--runs", type=_whole, default=5, help="served and bare in turn; medians count (%(default)s)")
    add(
        "--window",
        type=_seconds,
        metavar="S",
        help="seconds of each of perf_analyzer's three windows (default: 1 to 5, for 60 requests)",
    )
    add("--out", type=Path, default=report.BUILD / "models.json", help="where it goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; progress goes to stderr")


def run(options: argparse.Namespace) -> int:
    """Writes the inputs, starts the server once, measures model by model, and shows what it found."""
    console = report.console(as_json=options.json)
    concurrencies = sorted(set(options.concurrency))
    settings = {"concurrency": concurrencies, "runs": options.runs, "window_s": options.window}
    models = chosen(options.models)
    names = [model.name for model in models]
    result = report.provenance(settings | {"models": names}) | {"kind": "models"}
    files = write(models, FOLDER, console)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows = []
    with Progress(*columns, console=console, transient=True) as progress:
        total = sum(steps(each, concurrencies, options.runs) for each in files)
        task = progress.add_task("starting Triton", total=total)

        def starting(what: str) -> None:
            progress.update(task, description=what)

        with Triton(report.PROJECT / "model_repository", names, drain_s=2.0, progress=starting) as triton:
            for each in files:

                def tell(what: str, name: str = each.model.name) -> None:
                    progress.update(task, description=f"{name}: {what}", advance=1)

                rows += measure(triton, each, concurrencies, options.runs, options.window, tell)
    result["models"] = rows
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def _whole(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number, 1 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 60:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds, from 0.1 to 60")
    return seconds
