"""What ``--target tensorrt`` does once the graphs are exported: a plan for every network that gets one."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from exporters.contract import Exporter
from exporters.install import version_folder
from exporters.pipeline import SERVED_GRAPH
from exporters.tensorrt.gpu import Gpu
from exporters.tensorrt.plans import Cache
from exporters.tensorrt.target import Outcome, Target
from exporters.tensorrt.targets import PLANS, Precision
from tooling.sources import Library


def make_plans(
    exporters: Iterable[Exporter],
    repository: Path,
    plans: Path | None,
    library: Library,
    gpu: Gpu | None,
    precision: Precision | None,
    as_json: bool,
) -> int:
    """Bring the networks of ``exporters`` to the GPU, say how each went, and return how many there were.

    Without ``plans`` they are kept in the library's cache; see :class:`Target` for the rest.

    Raises:
        ExportError: what a precision needs is not installed.
    """
    target = Target(repository, Cache(plans or library.root / "plans"), library, gpu, precision)
    console = library.progress.console or Console(quiet=True)
    models = [model for exporter in exporters for model in exporter.models]
    wanted = [model for model in models if model in PLANS]
    for model in models:
        if model not in PLANS and (version_folder(repository, model) / SERVED_GRAPH).is_file():
            _say(Outcome(model, "unplanned"), console, as_json)
    for model in wanted:
        with library.progress.step(
            f"compare {model}" + (", build it (minutes) and compare again" if gpu else "")
        ):
            outcome = target.make(model)
        _say(outcome, console, as_json)
    return len(wanted)


def _say(outcome: Outcome, console: Console, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(outcome), ensure_ascii=False))
    else:
        console.print(outcome.line(), highlight=False, soft_wrap=True)
