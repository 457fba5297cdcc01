"""`python -m perf models`: every model of the repository under perf_analyzer, and without a server."""

import argparse

from perf import report
from perf.inputs.command import FOLDER, chosen, write
from perf.models.drawing import section
from perf.models.measuring import measure, steps
from perf.options import add_output, count, window
from server import Triton

__all__ = ["add_arguments", "run", "section"]

CONCURRENCY = (1, 4, 16)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf models`."""
    add = parser.add_argument
    add("models", nargs="*", metavar="NAME", help="models (default: every one of the repository)")
    add(
        "--concurrency",
        type=count,
        nargs="+",
        metavar="N",
        default=CONCURRENCY,
        help="callers at a time, each with one request under way (default: 1 4 16)",
    )
    add("--repeat", type=count, default=5, help="served and bare in turn; medians count (%(default)s)")
    add(
        "--seconds",
        type=window,
        metavar="S",
        help="seconds of each of perf_analyzer's three windows (default: 1 to 5, for 60 requests)",
    )
    add_output(parser, "models")


def run(options: argparse.Namespace) -> int:
    """Writes the inputs, starts the server once, measures model by model, and shows what it found."""
    console = report.console(as_json=options.json)
    concurrencies = sorted(set(options.concurrency))
    settings = {"concurrency": concurrencies, "repeat": options.repeat, "window_s": options.seconds}
    models = chosen(options.models)
    names = [model.name for model in models]
    result = report.provenance(settings | {"models": names}) | {"kind": "models"}
    files = write(models, FOLDER, console)
    rows = []
    with report.Steps(console) as told:
        told.expect(sum(steps(each, concurrencies, options.repeat) for each in files))
        with Triton(report.PROJECT / "model_repository", names, drain_s=2.0, progress=told.say) as triton:
            for each in files:

                def tell(what: str, name: str = each.model.name) -> None:
                    told.step(f"{name}: {what}")

                rows += measure(triton, each, concurrencies, options.repeat, options.seconds, tell)
                report.save(options.out, result | {"models": rows})  # the rest may be interrupted
    result["models"] = rows
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0
