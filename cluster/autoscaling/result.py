"""A trial as a result: its JSON, and what people see of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, cast

from matplotlib.axes import Axes

from cluster.autoscaling import agreement
from cluster.autoscaling.agreement import Beside, Series
from perf.autoscale.ledger import Books
from perf.load.playback import percentiles
from perf.report import Figure, Section, Table, number

KIND = "autoscale-real"


class Tried(TypedDict):
    """What the JSON holds besides its provenance. apart: mean difference of replicas over time."""

    measures: Sequence[Beside]
    replicas: Series
    rooms: Series
    apart: float
    outside: float
    started_s: Sequence[float]
    partial_s: Mapping[str, float | None]
    errors: Sequence[str]
    notes: Sequence[str]


def result(
    real: Books,
    simulated: Sequence[Books],
    started_s: Sequence[float],
    partials_s: Sequence[float],
    errors: Sequence[str],
    notes: Sequence[str],
) -> dict[str, object]:
    """What the JSON holds besides its provenance."""
    replicas = agreement.series(real, simulated, lambda moment: moment.replicas, real.every_s)
    rooms = agreement.series(real, simulated, lambda moment: moment.rooms, real.every_s)
    tried = Tried(
        measures=agreement.measures(real, simulated),
        replicas=replicas,
        rooms=rooms,
        apart=round(agreement.apart(replicas), 4),
        outside=round(agreement.outside(replicas), 4),
        started_s=[round(each, 2) for each in started_s],
        partial_s=percentiles(partials_s),
        errors=list(errors),
        notes=list(notes),
    )
    return {"kind": KIND, **tried}


def section(found: Mapping[str, object]) -> Section:
    """A trial as it is shown."""
    tried = cast(Tried, found)
    return Section(
        title="Autoscaling, simulated and real",
        headline=f"The real cluster had {tried['apart']:.2f} replicas more or less than its simulation, on "
        f"average over time, and was outside what chance explains there for {tried['outside']:.0%} of it. "
        f"p95 of partial captions: {number(tried['partial_s']['p95'])} s.",
        tables=(_table(tried),),
        figures=(
            Figure("replicas", "Replicas ordered: real and simulated", _draw(tried["replicas"], "replicas")),
            Figure("rooms", "Rooms open: real and simulated", _draw(tried["rooms"], "rooms")),
        ),
        notes=(*tried["notes"], *tried["errors"]),
    )


def _table(tried: Tried) -> Table:
    return Table(
        title="the same rooms, for real and simulated",
        columns=("", "real", "simulated", f"{agreement.LOW} %", f"{agreement.HIGH} %"),
        rows=tuple(
            (
                row["measure"],
                *(number(each, 1) for each in (row["real"], row["mean"], row["low"], row["high"])),
            )
            for row in tried["measures"]
        ),
        caption="Simulated: mean and percentiles over seeds, which decide where rooms land, when they retry.",
    )


def _draw(found: Series, quantity: str) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        at = found["at_s"]
        axes.fill_between(
            at, found["low"], found["high"], alpha=0.25, step="post", label="simulated, 5 to 95 %"
        )
        axes.plot(at, found["mean"], drawstyle="steps-post", label="simulated, mean")
        axes.plot(at, found["real"], drawstyle="steps-post", label="real")
        axes.set_xlabel("seconds")
        axes.set_ylabel(quantity)
        axes.set_ylim(bottom=0)
        axes.legend()

    return draw
