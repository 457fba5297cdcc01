"""What a model is without a server: loaded with so many threads, given requests of one shape, and run."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from perf.inputs.recorded import Step

Job = Callable[[], object]
"""Runs a batch that has been made ready."""
Instance = Callable[[Sequence[Step]], Job]
"""A loaded model: makes requests of one shape, together a batch, ready to run."""


def _dims(step: Step) -> Hashable:
    return tuple(array.shape for array in step.values())


@dataclass(frozen=True)
class InProcess:
    """load: an instance of the model with so many threads. shape: what a batch's requests have in common."""

    load: Callable[[int], Instance]
    shape: Callable[[Step], Hashable] = _dims

    def groups(self, steps: Sequence[Step]) -> list[list[Step]]:
        """Requests by shape, the commonest first."""
        groups: dict[Hashable, list[Step]] = defaultdict(list)
        for step in steps:
            groups[self.shape(step)].append(step)
        return sorted(groups.values(), key=len, reverse=True)
