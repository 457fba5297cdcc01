"""A plan and its policies as people see them, from the JSON alone."""

from __future__ import annotations  # matplotlib, which takes long, is imported where it draws

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from perf.capacity.curve import LATENCIES, SIGNALS
from perf.capacity.policy_rows import BURST_BAD, ORDINARY_BAD, ORDINARY_REFUSED, cheapest
from perf.report import Figure, Row, Section, Table, number
from perf.report.drawing import cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEFORE_S, AFTER_S = 600.0, 2400.0
"""What of the timeline is drawn around the burst."""
CLIP = 2.5
"""Most slots that are drawn, of the most rooms wanted."""
_LEAST_SHARE = 1e-6
"""Drawn in place of nothing, on a logarithmic axis."""
_NODE = "sum by (instance)"
_QUEUE = "rate(nv_inference_queue_duration_us[1m])", "rate(nv_inference_request_success[1m])"
_SEEN = (
    ("queue time of a request (ms)", f"{_NODE} ({_QUEUE[0]}) / {_NODE} ({_QUEUE[1]}) / 1000"),
    ("pending requests", f"{_NODE} (nv_inference_pending_request_count)"),
    ("active sequences", "open rooms: each is a sequence of captions"),
)
"""Of `SIGNALS`: what they are called, and where they come from (PromQL on Triton's own metrics)."""
_PLAN = {
    "rooms at the same time": "rooms:d",
    "most rooms on a node that keep the service level": "max_rooms:d",
    "head-room": "headroom:.0%",
    "rooms planned on a node": "rooms_per_node:d",
    "nodes that carry them": "nodes:d",
    "nodes with spare": "with_spare:d",
    "of which may fail before the service level breaks": "may_fail:d",
    "CPU of a node at that point (cores)": "server_cores",
    "memory of a node at that point (MB)": "memory_mb:.0f",
    "price of a node-hour": "price:.4f",
    "cost of 1,000 room-hours": "cost",
}


def section(result: Row) -> Section:
    """The plan, and where a day was simulated what should scale it."""
    tables, figures = [_plan(result), _thresholds(result)], [_limits_figure(result)]
    policies, burst = result["policies"], result["burst_at_s"]
    if policies:
        tables.append(_day(result, policies))
        figures.append(
            Figure("policies", "A day under each policy: cost against service", _scatter(policies))
        )
    if policies and burst is not None:
        tables.append(_hour(policies))
        figures.append(Figure("burst", "A star goes live", _burst(result["lines"], burst)))
    return Section(
        title="Capacity: how many servers, what scales them, and what it costs",
        headline=_planned(result) + (_chosen(policies) if policies else ""),
        tables=tuple(tables),
        figures=tuple(figures),
        notes=tuple(result["assumptions"]),
    )


def _planned(plan: Row) -> str:
    spare = f", {plan['spare']} of them spare" if plan["spare"] else ""
    cost = "" if plan["cost"] is None else f" 1,000 room-hours cost {number(plan['cost'])}."
    return (
        f"{plan['rooms']:,} rooms take {plan['with_spare']:,} nodes{spare}: {plan['rooms_per_node']} rooms "
        f"on each, of {plan['max_rooms']} that keep the service level.{cost}"
    )


def _chosen(policies: Sequence[Row]) -> str:
    budgets = (
        f"{ORDINARY_BAD:.1%} of room-time bad and {ORDINARY_REFUSED:.0%} of rooms refused on an ordinary "
        f"day, {BURST_BAD:.1%} bad in the hour after a star goes live"
    )
    best = cheapest(policies)
    said = f" No policy keeps the budgets ({budgets})."
    if best is not None:
        hours = number(best["replica_hours"], 0)
        said = f" Cheapest within the budgets ({budgets}): {best['policy']}, {hours} replica-hours for 1,000 "
        said += "room-hours."
    for row in policies:
        if row["shipped"]:
            kept = "keeps" if row["within"] else "does not keep"
            said += f" What is {row['policy']} {kept} them at {number(row['replica_hours'], 0)}."
    return said


def _plan(plan: Row) -> Table:
    return Table("plan", ("", "value"), tuple((what, cell(plan, column)) for what, column in _PLAN.items()))


def _thresholds(plan: Row) -> Table:
    rows = [
        {"signal": title, "at": plan["thresholds"][name], "limit": plan["limits"][name], "how": how}
        for name, (title, how) in zip(SIGNALS, _SEEN, strict=True)
    ]
    return Table.of(
        "scale out above, per node",
        rows,
        (
            ("signal", "signal"),
            (f"at {plan['rooms_per_node']} rooms", "at"),
            (f"at {plan['max_rooms']} rooms", "limit"),
            ("how to see it", "how"),
        ),
        caption=f"Means over all models of a node. At {plan['max_rooms']} rooms the service level is about "
        "to break.",
        left=["how to see it"],
    )


def _day(result: Row, policies: Sequence[Row]) -> Table:
    """What a policy costs, and what it gives all day but for the burst."""
    rows = [
        {
            **row["ordinary"],
            **row,
            "bad_share": row["ordinary"]["bad_share"],
            "policy": row["policy"] + (" *" if row["frontier"] else ""),
            "number": str(at),
            "budgets": "kept" if row["within"] else "broken",
            "moved": 1000 * row["ordinary"]["moved"] / max(row["ordinary"]["room_hours"], 1e-9),
        }
        for at, row in enumerate(policies, 1)
    ]
    columns = {"policy": "policy", "no.": "number", "replica-hours": "replica_hours:.0f"}
    columns |= {"cost": "cost"} if result["price"] is not None else {}
    columns |= {
        "refused": "refused_share:.2%",
        "bad": "bad_share:.4%",
        "moved": "moved",
        "budgets": "budgets",
    }
    return Table.of(
        f"a day with {result['rooms']:,} rooms at its peak, but for the hour of the burst",
        rows,
        columns,
        caption="For 1,000 room-hours of the whole day: replica-hours, cost; rooms moved. Refused: of rooms, "
        "at first tries. Bad: of room-time, late, waiting or moving. *: no other is cheaper and better.",
        left=["budgets"],
    )


def _hour(policies: Sequence[Row]) -> Table:
    """What a policy gives in the hour of the burst."""
    rows = [
        {
            **row["burst"],
            "policy": row["policy"],
            "number": str(at),
            "lost": row["burst"]["gave_up"] + row["burst"]["dropped"],
            "peak": row["peak_replicas"],
        }
        for at, row in enumerate(policies, 1)
    ]
    return Table.of(
        "the hour after a star goes live",
        rows,
        {
            "policy": "policy",
            "no.": "number",
            "refused": "refused_share:.1%",
            "bad": "bad_share:.2%",
            "late": "late_hours",
            "waiting": "waiting_hours",
            "lost": "lost:d",
            "most replicas": "peak:d",
        },
        caption="Late, waiting: room-hours. Lost: rooms that gave up, or found no new replica. Most "
        "replicas: of the day.",
    )


def _limits_figure(plan: Row) -> Figure:
    def draw(axes: Axes) -> None:
        for label, name in (("p95 of partials", LATENCIES[0]), ("p99 of finals", LATENCIES[1])):
            limit = plan["slo"][name]
            seen = [(at["rooms"], at[name] / limit) for at in plan["curve"] if at[name] is not None]
            shares = [share for _, share in seen]
            axes.plot([rooms for rooms, _ in seen], shares, "o-", label=f"{label}, of {limit:g} s")
        axes.axhline(1, color="C2", linestyle="--", label="service level")
        axes.axvline(plan["rooms_per_node"], color="C3", label=f"planned: {plan['rooms_per_node']} rooms")
        axes.axvline(plan["max_rooms"], color="C3", linestyle=":", label=f"most: {plan['max_rooms']} rooms")
        axes.set_xlabel("rooms on a node")
        axes.set_ylabel("share of the limit")
        axes.set_ylim(bottom=0)
        axes.legend()

    return Figure("curve", "One node: how near its latencies are to the limits", draw)


def _scatter(policies: Sequence[Row]) -> Callable[[Axes], None]:
    def group(row: Row) -> str:
        return "shipped" if row["shipped"] else "keeps the budgets" if row["within"] else "breaks them"

    def draw(axes: Axes) -> None:
        points = [(row["replica_hours"], max(row["bad_share"], _LEAST_SHARE)) for row in policies]
        best = sorted(point for point, row in zip(points, policies, strict=True) if row["frontier"])
        axes.plot([x for x, _ in best], [y for _, y in best], linewidth=1, label="none cheaper and better")
        for label, color, marker in (
            ("keeps the budgets", "C2", "o"),
            ("breaks them", "C1", "X"),
            ("shipped", "C3", "D"),
        ):
            mine = [point for point, row in zip(points, policies, strict=True) if group(row) == label]
            axes.scatter([x for x, _ in mine], [y for _, y in mine], c=color, marker=marker, label=label)
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
        near = next((other for other in found if abs(other[0] - x) < 8 and 0.8 < other[1] / y < 1.25), None)
        found[near or (x, y)] = f"{found[near]}, {at}" if near else str(at)
    return found


def _burst(timelines: Sequence[Mapping[str, Sequence[float]]], began: float) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        most = 0.0
        for line in timelines:
            near = [at for at, moment in enumerate(line["at_s"]) if -BEFORE_S <= moment - began <= AFTER_S]
            minutes = [(line["at_s"][at] - began) / 60 for at in near]
            if not most:
                wanted = [line["rooms"][at] + line["waiting"][at] for at in near]
                axes.plot(minutes, wanted, "--", color="C5", label="rooms wanted")
                most = max(wanted)
            axes.plot(minutes, [line["capacity"][at] for at in near], label=f"slots: {line['policy']}")
        axes.set_xlabel("minutes since the star went live")
        axes.set_ylabel("rooms, and slots of ready replicas")
        axes.set_ylim(0, CLIP * most)  # what scales out without end leaves the picture
        axes.legend(loc="upper left", ncols=2)

    return draw
