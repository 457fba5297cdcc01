"""What ``--target tensorrt`` does once the graphs are exported: a plan for every network that gets one."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from exporters.contract import Exporter
from exporters.sources import Library
from exporters.tensorrt.gpu import Gpu
from exporters.tensorrt.plans import Cache
from exporters.tensorrt.target import Target
from exporters.tensorrt.targets import PLANS, Precision


def make_plans(
    exporters: Iterable[Exporter],
    repository: Path,
    plans: Path | None,
    library: Library,
    gpu: Gpu | None,
    precision: Precision | None,
    as_json: bool,
) -> None:
    """Bring the networks of ``exporters`` to the GPU, and say how each went.

    Without ``plans`` they are kept in the library's cache; see :class:`Target` for the rest.

    Raises:
        ExportError: what a precision needs is not installed.
    """
    target = Target(repository, Cache(plans or library.root / "plans"), library, gpu, precision)
    console = library.progress.console or Console(quiet=True)
    for model in (model for exporter in exporters for model in exporter.models if model in PLANS):
        with library.progress.step(
            f"compare {model}" + (", build it (minutes) and compare again" if gpu else "")
        ):
            outcome = target.make(model)
        if as_json:
            print(json.dumps(asdict(outcome), ensure_ascii=False))
        else:
            console.print(outcome.line(), highlight=False, soft_wrap=True)
