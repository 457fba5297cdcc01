"""`python -m perf text`: `moderation` and `sentiment` under load, beside Detoxify's network."""

import argparse
import asyncio
import statistics
from pathlib import Path

from evaluation.chat_lines import LINES
from perf import report
from perf.load.chat_source import read
from perf.options import add_output, count, positive, window
from perf.text import detoxify
from perf.text.load import JUDGES, arrivals, throughput
from perf.text.section import section
from server import Triton

__all__ = ["add_arguments", "run", "section"]

THREADS = 2
RATES = (1000.0, 2000.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf text`."""
    add = parser.add_argument
    add(
        "--lines",
        type=Path,
        metavar="FILE",
        help="a log as of `liveroom chat` (default: lines of our own, over and over)",
    )
    add("--seconds", type=window, default=5.0, help="of each load, 0.1 to 60 (%(default)s)")
    add("--repeat", type=count, default=3, help="runs of each; medians count (%(default)s)")
    add("--rates", type=positive, nargs="+", default=RATES, metavar="N", help="lines a second (1000 2000)")
    add("--no-peer", dest="peer", action="store_false", help="without Detoxify's network, which needs torch")
    add_output(parser, "text")


def run(options: argparse.Namespace) -> int:
    """Measures, and publishes the result."""
    console = report.console(as_json=options.json)
    lines = [row.text for row in read(options.lines) if row.text.strip()] if options.lines else list(LINES)
    settings = {key: value for key, value in vars(options).items() if key not in ("name", "json", "out")}
    settings["lines"] = f"{options.lines.name if options.lines else 'our own'}, {len(lines)}"
    result = report.provenance(settings) | {"kind": "text"}
    throughputs: dict[str, list[float]] = {name: [] for name in JUDGES}
    singly: list[dict[str, object]] = []
    with report.Steps(console) as steps:
        steps.expect(options.repeat * len(JUDGES) + len(options.rates) * len(JUDGES) + options.peer)
        models = ["moderation", "sentiment"]
        with Triton(report.PROJECT / "model_repository", models, drain_s=2.0) as triton:
            for _ in range(options.repeat):
                for name, judge in JUDGES.items():
                    steps.step(f"{name}: as many as can be")
                    found = asyncio.run(throughput(triton.grpc, judge, lines, options.seconds))
                    throughputs[name].append(round(found, 1))
            for rate in options.rates:
                for name, judge in JUDGES.items():
                    steps.step(f"{name}: {rate:g} lines a second, one by one")
                    seen = asyncio.run(arrivals(triton.grpc, judge, lines, rate, options.seconds))
                    singly.append({"models": name, "rate": rate, **seen.to_json()})
        result |= {
            "throughput": [
                {"models": name, "lines_per_s": statistics.median(runs), "runs": {"lines_per_s": runs}}
                for name, runs in throughputs.items()
            ],
            "singly": singly,
        }
        if options.peer:
            steps.step("Detoxify's network")
            peer = detoxify.lines_per_second(lines, options.seconds, THREADS)
            result["peer"] = {"models": "Detoxify's network", "lines_per_s": round(peer, 1)}
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0
