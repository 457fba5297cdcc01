"""`python -m perf autoscale-real`: the autoscaler on a small real cluster, beside its own simulation."""

import argparse
from pathlib import Path

from cluster.autoscaling import result as results
from cluster.autoscaling import trial
from cluster.autoscaling.result import section
from perf import report
from perf.options import whole

__all__ = ["add_arguments", "run", "section"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf autoscale-real`."""
    add = parser.add_argument
    parser.description = (
        f"Plays {len(trial.ROOMS)} rooms to a local cluster (Envoy, Prometheus, one to {trial.MOST} Tritons "
        f"with {trial.SLOTS} slots each) for {trial.UNTIL_S / 60:g} minutes. The shipped policy decides, "
        "by the formulas that `python -m perf autoscale` simulates, on what the real recording rule says."
    )
    add("--seed", type=whole(0), default=1, help="of what rooms say, and when they retry (%(default)s)")
    add("--out", type=Path, default=report.BUILD / "autoscale-real.json", help="where it goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; tables go to stderr")


def run(options: argparse.Namespace) -> int:
    """Runs, simulates the same, prints, and writes build/perf/autoscale-real.json; 1 where a room failed."""
    console = report.console(as_json=options.json)
    origin = report.provenance({"seed": options.seed, "seconds": trial.UNTIL_S})
    with report.Steps(console) as steps:
        tried = trial.run(options.seed, steps.say)
        steps.say(f"simulating the same {trial.SIMULATIONS} times")
        simulated = trial.simulated(tried.started_s)
    began = ", ".join(f"{each:.1f}" for each in tried.started_s)
    notes = [
        f"Replicas take {trial.SLOTS} rooms each, so that few rooms need several. They share this machine's "
        "cores: captions' latencies are of all of them together.",
        "A room more for a second or two is the canary's: it opens one to see that captions answers.",
        f"Scaling down is decided after {trial.WINDOW_S:.0f} s, not the shipped ten minutes. New replicas "
        f"took {began or 'no'} s; the simulation was told their mean, and nothing else of the run.",
    ]
    found = results.result(tried.books, simulated, tried.started_s, tried.partials_s, tried.errors, notes)
    report.publish(origin | found, section(found), options.out, console=console, as_json=options.json)
    return 1 if tried.errors else 0
