"""One network at one precision: prepare the graph, compare it on the CPU, build it, compare the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from exporters.contract import Measurement, Profile
from exporters.install import Json, read_manifest, version_folder
from exporters.onnx_tools import Array
from exporters.pipeline import SERVED_GRAPH
from exporters.soundness import check_weights
from exporters.tensorrt import builder, samples
from exporters.tensorrt.gpu import Gpu, on_gpu
from exporters.tensorrt.parity import Network, compare, judge, on_cpu
from exporters.tensorrt.plans import Cache, Key
from exporters.tensorrt.precision import prepare
from exporters.tensorrt.targets import PLANS, Plan, Precision
from exporters.tensorrt_lint import lint, lint_bytes
from tooling.sources import Library, sha256

SIDES = ("usual", "smallest", "largest")
"""The shapes of a profile that a plan is compared at; on the CPU it is the first."""


@dataclass(frozen=True)
class Built:
    """A plan in the cache that passed its gates, and what was measured; without a GPU only the latter."""

    precision: Precision
    parity: Sequence[Json]
    path: Path | None = None
    cached: bool = False


@dataclass(frozen=True)
class Candidate:
    """A network of ``PLANS`` whose fp32 graph is installed in ``repository``."""

    model: str
    repository: Path
    library: Library

    @property
    def plan(self) -> Plan:
        """What is wanted of its plan."""
        return PLANS[self.model]

    @property
    def graph(self) -> Path:
        """The fp32 graph."""
        return version_folder(self.repository, self.model) / SERVED_GRAPH

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """The optimization profile of each input, as the exporter declared it."""
        manifest = read_manifest(self.repository, self.model)
        recorded = manifest["files"][SERVED_GRAPH]["tensorrt_profiles"] if manifest else {}
        return {name: Profile(*map(tuple, shapes)) for name, shapes in recorded.items()}

    def feed(self, side: str) -> dict[str, Array]:
        """Real inputs for one side of the profiles."""
        return samples.feed(self.profiles, side, self.library)

    @cached_property
    def expected(self) -> Network:
        """The fp32 graph on the CPU: what everything is compared with."""
        return on_cpu(self.graph)

    def attempt(self, precision: Precision, work: Path, gpu: Gpu | None, plans: Cache) -> Built:
        """Get a plan at ``precision`` that passes, from the cache or built now; ``work`` is for drafts.

        Without a ``gpu`` it ends where the build would begin.

        Raises:
            GateError: the graph, or the plan, is not what TensorRT takes, not finite, or too far from fp32.
        """
        graph = prepare(self.graph, work / f"{precision}.onnx", precision, self.feed(SIDES[0]))
        lint(graph, self.profiles)
        lint_bytes(graph)
        check_weights(graph)  # what fp32 holds fp16 may not
        measured = []
        if precision != "bf16":  # ONNX Runtime's CPU provider hardly knows it
            measured = self._measure(precision, on_cpu(graph), SIDES[:1], "prepared graph on the CPU")
        if gpu is None:
            return Built(precision, [measurement.record() for measurement in measured])
        key = Key(self.model, gpu, sha256(graph), precision, self.profiles)
        with plans.building(key):
            if path := plans.plan(key):
                return Built(precision, plans.measurements(key), path, cached=True)
            content, timings = builder.build(graph, self.profiles, plans.timings(key))
            with on_gpu(content) as network:
                measured += self._measure(precision, network, SIDES, "plan on the GPU")
            path = plans.keep(key, content, timings, measured)
        return Built(precision, [measurement.record() for measurement in measured], path)

    def _measure(
        self, precision: Precision, network: Network, sides: tuple[str, ...], what: str
    ) -> list[Measurement]:
        feeds = [self.feed(side) for side in sides]
        expected, got = [self.expected(feed) for feed in feeds], [network(feed) for feed in feeds]
        measured = compare(self.plan, precision, expected, got, f"{what}, {' and '.join(sides)} shape")
        judge(measured)
        return measured
