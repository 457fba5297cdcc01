"""The physical limit of a machine: how many requests a second its cores do without a server."""

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

from perf.inputs.recorded import Step
from perf.models.instances import InProcess, Instance, Job
from perf.served.networks import THREADS
from server.repository import Model

TRY_S = 0.4
"""How long a layout is tried on the commonest shape."""
_STRIDE = 4
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Layout:
    """So many instances side by side, each with so many threads, each running batches of one size."""

    instances: int
    threads: int
    batch: int

    def __str__(self) -> str:
        return f"{self.instances} x {self.threads} thread{'s' * (self.threads > 1)}, batch {self.batch}"


@dataclass(frozen=True)
class Bare:
    """A model in this process, in the best layout that was found: see `best`."""

    layout: Layout
    instances: Sequence[Instance]
    groups: Sequence[Sequence[Step]]

    def per_second(self, seconds: float) -> float:
        """Requests a second, each of the steps weighing the same whatever its shape.

        Every shape is measured for its share of `seconds`, and for a batch at least.
        """
        total = sum(len(group) for group in self.groups)
        share = seconds / len(self.groups)
        rates = [rate(self.instances, group, self.layout.batch, share) for group in self.groups]
        return total / sum(len(group) / each for group, each in zip(self.groups, rates, strict=True))


def best(
    model: Model, in_process: InProcess, steps: Sequence[Step], sizes: Sequence[int] | None = None
) -> Bare:
    """Tries a few layouts on the commonest shape.

    One instance with every core, one on each core, and as the config has it; each with batches of `sizes`, or
    of 1, 4, 16, ... up to the config's largest.
    """
    groups = in_process.groups(steps)

    def tried(layout: Layout) -> tuple[float, Layout, list[Instance]]:
        instances = [in_process.load(layout.threads) for _ in range(layout.instances)]
        rate(instances, groups[0], layout.batch, 0)  # warm
        return rate(instances, groups[0], layout.batch, TRY_S), layout, instances

    cores = len(os.sched_getaffinity(0))
    _, layout, instances = max(map(tried, layouts(model, cores, sizes)), key=lambda result: result[0])
    bare = Bare(layout, instances, groups)
    bare.per_second(0)  # warm
    return bare


def layouts(model: Model, cores: int, sizes: Sequence[int] | None = None) -> Iterator[Layout]:
    """What is tried for a model."""
    configured = sum(group.count for group in model.config.instance_group) or 1
    parameters = model.config.parameters
    threads = int(parameters[THREADS].string_value) if THREADS in parameters else 1
    sides = dict.fromkeys([(1, cores), (cores, 1), (configured, threads)])
    largest = max(1, model.config.max_batch_size)
    powers = (_STRIDE**power for power in itertools.count())
    sizes = sizes or list(itertools.takewhile(lambda size: size <= largest, powers))
    for (instances, each), size in itertools.product(sides, sizes):
        yield Layout(instances, each, size)


def rate(instances: Sequence[Instance], group: Sequence[Step], batch: int, seconds: float) -> float:
    """Requests a second of instances that work side by side for `seconds`, a batch each at least.

    group: requests of one shape, of which as many batches are made as it takes to have each of them once.
    """
    batches = [
        list(itertools.islice(itertools.cycle(group), at, at + batch)) for at in range(0, len(group), batch)
    ]
    start = Barrier(len(instances), timeout=_PATIENCE_S)

    def work(jobs: Sequence[Job]) -> float:
        start.wait()
        began, done, elapsed = time.perf_counter(), 0, 0.0
        while not done or elapsed < seconds:
            jobs[done % len(jobs)]()
            done += 1
            elapsed = time.perf_counter() - began
        return done * batch / elapsed

    with ThreadPoolExecutor(len(instances)) as pool:
        return sum(pool.map(work, [[instance(each) for each in batches] for instance in instances]))
