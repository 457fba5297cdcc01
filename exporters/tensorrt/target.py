"""Bring networks to the GPU one after the other: install a plan, or fall back to ONNX Runtime."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from google.protobuf import text_format
from rich.markup import escape

from exporters.errors import GateError
from exporters.install import Json, amend
from exporters.pipeline import SERVED_GRAPH
from exporters.tensorrt.attempt import Built, Candidate
from exporters.tensorrt.gpu import Gpu
from exporters.tensorrt.plans import Cache
from exporters.tensorrt.targets import Precision
from exporters.triton_config import gpu_config_path, load_config
from tooling.sources import Library

PLAN = "model.plan"
"""The file Triton's tensorrt backend serves."""


@dataclass(frozen=True)
class Outcome:
    """How one network ended: what serves it, what was measured, which precisions were refused and why."""

    model: str
    status: Literal["built", "cached", "checked", "onnxruntime", "unplanned"]
    precision: Precision = "fp32"
    parity: Sequence[Json] = ()
    refused: Sequence[str] = ()
    seconds: float = 0.0

    def line(self) -> str:
        """The outcome for a person at a terminal, in rich's markup."""
        numbers = ", ".join(
            f"{measurement['name']} {measurement['value']:.2g} (at most {measurement['limit']})"
            for measurement in self.parity
        )
        numbers = numbers or "nothing was compared, as a CPU hardly knows that precision"
        what = {
            "built": f"plan built at {self.precision} in {self.seconds:.1f} s: {numbers}",
            "cached": f"plan at {self.precision} was in the cache: {numbers}",
            "checked": f"could be built at {self.precision}: {numbers}",
            "onnxruntime": "no precision passed: ONNX Runtime serves it",
            "unplanned": "nothing to compare: it becomes no plan, ONNX Runtime serves it on a GPU too",
        }[self.status]
        mark = "[green]✓[/]" if self.parity and self.status != "onnxruntime" else "[yellow]![/]"
        reasons = "".join(f"\n  refused at {escape(reason)}" for reason in self.refused)
        return f"{mark} {self.model}: {what}{reasons}"


@dataclass(frozen=True)
class Target:
    """A model repository with fp32 graphs that plans go to. Without a ``gpu`` nothing is built or changed.

    ``precision`` is the only one to try; without it those that each network declares.
    """

    repository: Path
    plans: Cache
    library: Library
    gpu: Gpu | None
    precision: Precision | None = None

    def make(self, model: str) -> Outcome:
        """Bring one network of ``targets.PLANS`` to the GPU.

        When every precision is refused ONNX Runtime serves it on the GPU, and its manifest warns.
        """
        start = time.monotonic()
        candidate = Candidate(model, self.repository, self.library)
        refused: list[str] = []
        with TemporaryDirectory(prefix=f"plan-{model}-") as work:
            for precision in (self.precision,) if self.precision else candidate.plan.precisions:
                try:
                    built = candidate.attempt(precision, Path(work), self.gpu, self.plans)
                except GateError as error:
                    refused.append(f"{precision}: {error}")
                    continue
                status: Literal["built", "cached", "checked"] = "checked"
                if built.path and self.gpu:
                    self._install(model, built, built.path, self.gpu, refused)
                    status = "cached" if built.cached else "built"
                seconds = time.monotonic() - start
                return Outcome(model, status, precision, built.parity, refused, seconds)
        if self.gpu:
            self._fall_back(model, self.gpu, refused)
        return Outcome(model, "onnxruntime", refused=refused, seconds=time.monotonic() - start)

    def _install(self, model: str, built: Built, plan: Path, gpu: Gpu, refused: Sequence[str]) -> None:
        facts = {"gpu": asdict(gpu), "plan": plan.name, "parity": built.parity, "refused": list(refused)}
        amend(self.repository, model, {"tensorrt": facts}, {PLAN: (plan, built.precision)})

    def _fall_back(self, model: str, gpu: Gpu, refused: Sequence[str]) -> None:
        """Rewrite the config for GPUs so that ONNX Runtime serves the fp32 graph there."""
        warning = "no TensorRT plan passed its gates on this GPU: ONNX Runtime serves the fp32 graph instead"
        path = gpu_config_path(self.repository, model)
        config = load_config(path)
        config.backend, config.default_model_filename = "onnxruntime", SERVED_GRAPH
        path.write_text(f"# Written by the export: {warning}.\n{text_format.MessageToString(config)}")
        facts = {"gpu": asdict(gpu), "warning": warning, "refused": list(refused)}
        amend(self.repository, model, {"tensorrt": facts}, {PLAN: None})
