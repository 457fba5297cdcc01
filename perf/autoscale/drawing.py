"""Policies as people see them: a table, cost against service, and what happens as a star goes live."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict, cast

from matplotlib.axes import Axes

from perf.autoscale.rows import BURST_BAD, ORDINARY_BAD, ORDINARY_REFUSED, Part, Row, cheapest
from perf.report import Figure, Section, Table, number

BEFORE_S, AFTER_S = 600.0, 2400.0
"""What of the timeline is drawn around the burst."""
CLIP = 2.5
"""Most slots that are drawn, of the most rooms wanted."""
_LEAST_SHARE = 1e-6
"""Drawn in place of nothing, on a logarithmic axis."""


class Line(TypedDict):
    """A policy's timeline, a list a quantity, a value a minute. capacity: slots of ready replicas."""

    policy: str
    at_s: Sequence[float]
    rooms: Sequence[int]
    waiting: Sequence[int]
    capacity: Sequence[int]


class Compared(TypedDict):
    """What the JSON holds besides its provenance."""

    rooms: int
    price: float | None
    burst_at_s: float | None
    rows: Sequence[Row]
    lines: Sequence[Line]
    notes: Sequence[str]


def section(result: Mapping[str, object]) -> Section:
    """A comparison as it is shown."""
    found = cast(Compared, result)
    figures = [Figure("policies", "A day under each policy: cost against service", _scatter(found))]
    if found["burst_at_s"] is not None:
        figures.append(Figure("burst", "A star goes live", _burst(found)))
    return Section(
        title="Autoscaling",
        headline=_headline(found),
        tables=(_day(found),) if found["burst_at_s"] is None else (_day(found), _hour(found)),
        figures=tuple(figures),
        notes=tuple(found["notes"]),
    )


def _headline(found: Compared) -> str:
    budgets = (
        f"{ORDINARY_BAD:.1%} of room-time bad and {ORDINARY_REFUSED:.0%} of rooms refused on an ordinary "
        f"day, {BURST_BAD:.1%} bad in the hour after a star goes live"
    )
    best = cheapest(found["rows"])
    said = f"No policy keeps the budgets ({budgets})."
    if best is not None:
        hours = number(best["replica_hours"], 0)
        said = f"Cheapest within the budgets ({budgets}): {best['policy']}, {hours} replica-hours for 1,000 "
        said += "room-hours."
    for row in found["rows"]:
        if row["shipped"]:
            kept = "keeps" if row["within"] else "does not keep"
            said += f" What is {row['policy']} {kept} them at {number(row['replica_hours'], 0)}."
    return said


def _day(found: Compared) -> Table:
    """What a policy costs, and what it gives all day but for the burst."""
    priced = found["price"] is not None
    return Table(
        title=f"a day with {found['rooms']:,} rooms at its peak, but for the hour of the burst",
        columns=("policy", "no.", "replica-hours", *["cost"] * priced, "refused", "bad", "moved", "budgets"),
        rows=tuple(
            (
                row["policy"] + (" *" if row["frontier"] else ""),
                str(at),
                number(row["replica_hours"], 0),
                *[number(row["cost"])] * priced,
                f"{row['ordinary']['refused_share']:.2%}",
                f"{row['ordinary']['bad_share']:.4%}",
                number(_per_1000(row["ordinary"]["moved"], row["ordinary"])),
                "kept" if row["within"] else "broken",
            )
            for at, row in enumerate(found["rows"], 1)
        ),
        caption="For 1,000 room-hours of the whole day: replica-hours, cost; rooms moved. Refused: of rooms, "
        "at first tries. Bad: of room-time, late, waiting or moving. *: no other is cheaper and better.",
        left=frozenset({"budgets"}),
    )


def _hour(found: Compared) -> Table:
    """What a policy gives in the hour of the burst."""
    return Table(
        title="the hour after a star goes live",
        columns=("policy", "no.", "refused", "bad", "late", "waiting", "lost", "most replicas"),
        rows=tuple(
            (
                row["policy"],
                str(at),
                f"{part['refused_share']:.1%}",
                f"{part['bad_share']:.2%}",
                number(part["late_hours"]),
                number(part["waiting_hours"]),
                number(part["gave_up"] + part["dropped"], 0),
                number(row["peak_replicas"], 0),
            )
            for at, row in enumerate(found["rows"], 1)
            for part in (row["burst"],)
        ),
        caption="Late, waiting: room-hours. Lost: rooms that gave up, or found no new replica. Most "
        "replicas: of the day.",
    )


def _per_1000(rooms: int, part: Part) -> float:
    return 1000 * rooms / part["room_hours"] if part["room_hours"] else 0.0


def _scatter(found: Compared) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        points = [(row["replica_hours"], max(row["bad_share"], _LEAST_SHARE)) for row in found["rows"]]
        best = sorted(point for point, row in zip(points, found["rows"], strict=True) if row["frontier"])
        axes.plot([x for x, _ in best], [y for _, y in best], linewidth=1, label="none cheaper and better")
        for label, colour, marker in (
            ("keeps the budgets", "C2", "o"),
            ("breaks them", "C1", "X"),
            ("shipped", "C3", "D"),
        ):
            mine = [point for point, row in zip(points, found["rows"], strict=True) if _group(row) == label]
            axes.scatter([x for x, _ in mine], [y for _, y in mine], c=colour, marker=marker, label=label)
        for point, numbers in _labels(points).items():
            axes.annotate(numbers, point, xytext=(6, 4), textcoords="offset points", fontsize="small")
        axes.set_yscale("log")
        axes.set_xlabel("replica-hours for 1,000 room-hours (numbers: see the table)")
        axes.set_ylabel("share of room-time late, waiting or moving")
        axes.legend()

    return draw


def _labels(points: Sequence[tuple[float, float]]) -> dict[tuple[float, float], str]:
    """The numbers of policies, together where their points lie on each other."""
    found: dict[tuple[float, float], str] = {}
    for at, (x, y) in enumerate(points, 1):
        near = next((each for each in found if abs(each[0] - x) < 8 and 0.8 < each[1] / y < 1.25), None)
        found[near or (x, y)] = f"{found[near]}, {at}" if near else str(at)
    return found


def _group(row: Row) -> str:
    if row["shipped"]:
        return "shipped"
    return "keeps the budgets" if row["within"] else "breaks them"


def _burst(found: Compared) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        began, most = found["burst_at_s"] or 0.0, 0
        for at, line in enumerate(found["lines"]):
            near = [
                index
                for index, moment in enumerate(line["at_s"])
                if began - BEFORE_S <= moment <= began + AFTER_S
            ]
            minutes = [(line["at_s"][index] - began) / 60 for index in near]
            if at == 0:
                wanted = [line["rooms"][index] + line["waiting"][index] for index in near]
                axes.plot(minutes, wanted, "--", color="C5", label="rooms wanted")
                most = max(wanted)
            axes.plot(minutes, [line["capacity"][index] for index in near], label=f"slots: {line['policy']}")
        axes.set_xlabel("minutes since the star went live")
        axes.set_ylabel("rooms, and slots of ready replicas")
        axes.set_ylim(0, CLIP * most)  # what scales out without end leaves the picture
        axes.legend(loc="upper left", ncols=2)

    return draw
