"""The same ONNX files, served by MLServer, BentoML, LitServe, Ray Serve and FastAPI: is ours better?"""

import argparse
import subprocess
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import onnxruntime

from perf import report
from perf.options import add_output, count, window
from perf.peers import environments, results
from perf.peers.catalogue import PEERS
from perf.peers.contenders import IN_PROCESS
from perf.peers.measuring import Contest, Plan, Say, compete
from perf.peers.section import section
from perf.peers.subjects import SUBJECTS, Subject, prepare
from tooling.progress import Progress
from tooling.sources import Library

__all__ = ["add_arguments", "run", "section"]

NAMES = (*PEERS, IN_PROCESS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf peers`."""
    add = parser.add_argument
    add("--models", nargs="+", choices=SUBJECTS, default=SUBJECTS, help="a tiny one, a heavy one (both)")
    add("--peers", nargs="+", choices=NAMES, default=NAMES, help="whom to measure (all)")
    add("--concurrency", type=count, nargs="+", metavar="N", default=(1, 8, 32), help="callers (1 8 32)")
    add("--repeat", type=count, default=3, help="everything again so often; medians count (%(default)s)")
    add(
        "--seconds",
        type=window,
        default=1.5,
        help="of load per step, or more if that is little (%(default)s)",
    )
    add_output(parser, "peers")


def run(options: argparse.Namespace) -> int:
    """Measures whom the options name, one after another, and publishes the result."""
    console = report.console(as_json=options.json)
    library = Library(progress=Progress(console))
    models, peers, concurrency = (
        list(dict.fromkeys(chosen)) for chosen in (options.models, options.peers, options.concurrency)
    )
    plan = Plan(concurrency, options.repeat, options.seconds)
    settings = {"models": models, "peers": peers, "concurrency": concurrency}
    settings |= {"repeat": options.repeat, "seconds": options.seconds}
    result = report.provenance(settings) | {"kind": "peers"}
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch, report.Steps(console) as steps:
        unavailable = _environments(peers, steps.say)
        for name in models:
            steps.say(f"{name}: real inputs")
            subject = prepare(name, Path(scratch), library)
            rows += _rows(subject, peers, unavailable, plan, partial(_of, steps.say, name))
            report.save(options.out, result | {"results": rows})  # the rest may be interrupted
    result |= {"results": rows}
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def _environments(peers: Sequence[str], say: Say) -> dict[str, str]:
    """Makes those that are not there yet; why, for those that can't be made."""
    unavailable = {}
    for name in peers:
        if name in PEERS:
            say(f"setting up {name} in an environment of its own (once)")
            try:
                environments.environment(name, *PEERS[name].requirements)
            except RuntimeError as error:
                unavailable[name] = str(error)
    return unavailable


def _rows(
    subject: Subject, peers: Sequence[str], unavailable: dict[str, str], plan: Plan, say: Say
) -> list[dict[str, object]]:
    found = {
        contest.peer: contest
        for contest in compete(subject, [p for p in peers if p not in unavailable], plan, say)
    }
    found |= {name: Contest(name, subject.model.name, error=why) for name, why in unavailable.items()}
    rows = []
    for name in peers:
        wire = PEERS[name].wire(heavy=subject.heavy).name if name in PEERS else ""
        version = "" if name in unavailable else _version(name)
        rows += results.rows(found[name], plan.concurrency, version, wire)
    return rows


def _of(say: Say, what: str, more: str) -> None:
    say(f"{what}: {more}")


def _version(name: str) -> str:
    """Of the package that is installed in the peer's environment."""
    if name == IN_PROCESS:
        return str(onnxruntime.__version__)
    peer = PEERS[name]
    python = environments.environment(name, *peer.requirements)
    code = f"from importlib.metadata import version; print(version({peer.package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
