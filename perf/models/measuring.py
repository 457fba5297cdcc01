"""A model, served and bare in turn."""

from collections.abc import Callable, Sequence

from perf.inputs.command import Written
from perf.load import analyzer
from perf.load.server_costs import Meter
from perf.models import bare, in_process
from perf.models.rows import Row, Served, row
from server import Triton

ENOUGH = 60
"""Requests that a measurement should have ..."""
SHORTEST_S, LONGEST_S = 1.0, 5.0
"""... in windows of at least and at most so long."""
BARE_S = 2.0
"""How long the bare model is measured each time."""
NOBODY_SAID = "nobody has said what it is without a server: perf/models/in_process.py is the place"


def measure(
    triton: Triton,
    written: Written,
    concurrencies: Sequence[int],
    runs: int,
    window_s: float | None,
    tell: Callable[[str], None],
) -> list[Row]:
    """A row for each concurrency; bare and served are measured in turn, `runs` times.

    window_s: length of perf_analyzer's three windows; None chooses it by the model's speed. tell: is called
    before each of the `steps` measurements. Raises RuntimeError where one fails.
    """
    model, steps = written.model, written.inputs.steps
    process = in_process.of(model)
    if process is not None:
        tell("looking for the best layout without a server")
    limit = None if process is None else bare.best(model, process, steps)
    texts = {
        "input": written.inputs.about,
        "note": written.inputs.note,
        "bare_layout": "" if limit is None else str(limit.layout),
        "no_bare": "" if limit is not None else in_process.UNLIKE.get(model.name, NOBODY_SAID),
    }
    windows = {}
    for callers in concurrencies:
        tell(f"{_callers(callers)}, warming up")
        windows[callers] = window_s or _window(_served(triton, written, callers, SHORTEST_S))
    found: dict[int, list[Served]] = {callers: [] for callers in concurrencies}
    limits: list[float] = []
    for number in range(1, runs + 1):
        if limit is not None:
            tell(f"without a server, run {number} of {runs}")
            limits.append(limit.per_second(BARE_S))
        for callers in concurrencies:
            tell(f"{_callers(callers)}, run {number} of {runs}")
            found[callers].append(_served(triton, written, callers, windows[callers]))
    return [row(served, limits, texts) for served in found.values()]


def steps(written: Written, concurrencies: Sequence[int], runs: int) -> int:
    """How many measurements there are, warming up included."""
    alone = in_process.of(written.model) is not None
    return (1 + runs) * (alone + len(concurrencies))


def _served(triton: Triton, written: Written, callers: int, window_s: float) -> Served:
    meter = Meter(triton)
    load = analyzer.measure(
        triton.grpc, written.model.name, callers, window_s=window_s, arguments=written.arguments
    )
    spent = {cost.name: cost for cost in meter.read().models}
    own = spent.pop(written.model.name)
    parts = tuple(cost for cost in spent.values() if cost.queue_ms is not None)
    return Served(load, own, parts)


def _window(warm: Served) -> float:
    wanted = ENOUGH / analyzer.WINDOWS / warm.load.per_second
    return min(max(wanted, SHORTEST_S), LONGEST_S)


def _callers(count: int) -> str:
    return f"{count} caller{'s' * (count > 1)}"
