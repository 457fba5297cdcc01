"""`python -m perf capacity`: from a curve of `perf rooms` to nodes, scaling thresholds and cost."""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict, cast

from matplotlib.axes import Axes

from perf import report
from perf.capacity.curve import LATENCIES, SIGNALS, read
from perf.capacity.plan import MOST_HEADROOM, Wish, assumptions, plan
from perf.options import number_that, whole
from perf.report import Figure, Section, Table, number

_NODE = "sum by (instance)"
_QUEUE = "rate(nv_inference_queue_duration_us[1m])", "rate(nv_inference_request_success[1m])"
_SEEN = (
    ("queue time of a request (ms)", f"{_NODE} ({_QUEUE[0]}) / {_NODE} ({_QUEUE[1]}) / 1000"),
    ("pending requests", f"{_NODE} (nv_inference_pending_request_count)"),
    ("active sequences", "open rooms: each is a sequence of captions"),
)
"""Of `SIGNALS`: what they are called, and where they come from (PromQL on Triton's own metrics)."""
_HEADROOM = number_that(
    lambda share: 0 <= share <= MOST_HEADROOM, f"a share from 0 to {MOST_HEADROOM:g}, such as 0.3"
)
_PRICE = number_that(lambda price: 0 <= price < math.inf, "the price of a node-hour, 0 or more, such as 0.52")


class Point(TypedDict):
    """A step of the curve; latencies in seconds."""

    rooms: int
    partial_p95_s: float | None
    final_p99_s: float | None


class Capacity(TypedDict):
    """What the JSON holds besides the provenance of the curve, see `Wish` and `Plan`."""

    rooms: int
    headroom: float
    spare: int
    price: float | None
    max_rooms: int
    rooms_per_node: int
    nodes: int
    with_spare: int
    may_fail: int
    thresholds: Mapping[str, float | None]
    limits: Mapping[str, float | None]
    server_cores: float | None
    memory_mb: float | None
    cost: float | None
    slo: Mapping[str, float]
    curve: Sequence[Point]
    assumptions: Sequence[str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf capacity`."""
    add = parser.add_argument
    known = report.BUILD / "rooms.json"
    add("curve", nargs="?", type=Path, default=known, help="what `perf rooms` wrote (%(default)s)")
    add("--rooms", type=whole(1), required=True, help="live rooms at the same time")
    add("--headroom", type=_HEADROOM, default=0.3, help="share of a node kept free, 0 to 0.9 (%(default)s)")
    add(
        "--spare",
        type=whole(0),
        default=1,
        help="nodes that may fail, head-room kept (%(default)s: N+1)",
    )
    add("--price", type=_PRICE, help="of a node-hour, in any currency; without it there is no cost")
    add("--out", type=Path, default=report.BUILD / "capacity.json", help="where it goes (%(default)s)")
    add("--json", action="store_true", help="print the plan as JSON; tables go to stderr")


def run(options: argparse.Namespace) -> int:
    """Plans, shows and saves."""
    wish = Wish(options.rooms, options.headroom, options.spare, options.price)
    result = capacity(report.load(options.curve), str(options.curve), wish)
    console = report.console(as_json=options.json)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def capacity(measured: Mapping[str, object], name: str, wish: Wish) -> dict[str, object]:
    """The plan for `wish` from a result of `perf rooms` that is called `name`, with that result's provenance.

    Raises RuntimeError for a result that can't be planned with.
    """
    curve = read(measured, name)
    made = plan(curve, wish)
    known = report.flat({"machine": measured.get("machine"), "profile": measured.get("profile")})
    where = f"{known.get('machine.cpu', 'unknown')}, {known.get('machine.cores', '?')} cores"
    profile = ": ".join(str(known[key]) for key in ("profile.name", "profile.description") if known.get(key))
    said = assumptions(curve, wish, made, where, profile or "unknown")
    if busy := report.busy(measured):
        said.append(f"Others were at work on the machine as the curve began: {busy}.")
    points = [
        {"rooms": step.rooms, **{each: step.seen.get(each) for each in LATENCIES}} for step in curve.steps
    ]
    rest = {"slo": dict(curve.slo), "curve": points, "assumptions": said, "source": name}
    return report.origin(measured) | {"kind": "capacity"} | asdict(wish) | asdict(made) | rest


def section(result: Mapping[str, object]) -> Section:
    """A plan as it is shown."""
    found = cast(Capacity, result)
    spare = f", {found['spare']} of them spare" if found["spare"] else ""
    most = f"of {found['max_rooms']} that keep the service level"
    cost = "" if found["cost"] is None else f" 1,000 room-hours cost {number(found['cost'])}."
    return Section(
        title="Capacity",
        headline=f"{found['rooms']:,} rooms take {found['with_spare']:,} nodes{spare}: "
        f"{found['rooms_per_node']} rooms on each, {most}.{cost}",
        tables=(_plan(found), _thresholds(found)),
        figures=(Figure("curve", "One node: how near its latencies are to the limits", _draw(found)),),
        notes=tuple(found["assumptions"]),
    )


def _plan(found: Capacity) -> Table:
    rows = (
        ("rooms at the same time", number(found["rooms"], 0)),
        ("most rooms on a node that keep the service level", str(found["max_rooms"])),
        ("head-room", f"{found['headroom']:.0%}"),
        ("rooms planned on a node", str(found["rooms_per_node"])),
        ("nodes that carry them", number(found["nodes"], 0)),
        ("nodes with spare", number(found["with_spare"], 0)),
        ("of which may fail before the service level breaks", number(found["may_fail"], 0)),
        ("CPU of a node at that point (cores)", number(found["server_cores"])),
        ("memory of a node at that point (MB)", number(found["memory_mb"], 0)),
        ("price of a node-hour", number(found["price"], 4)),
        ("cost of 1,000 room-hours", number(found["cost"])),
    )
    return Table("plan", ("", "value"), rows)


def _thresholds(found: Capacity) -> Table:
    return Table(
        title="scale out above, per node",
        columns=(
            "signal",
            f"at {found['rooms_per_node']} rooms",
            f"at {found['max_rooms']} rooms",
            "how to see it",
        ),
        rows=tuple(
            (title, number(found["thresholds"][name]), number(found["limits"][name]), how)
            for name, (title, how) in zip(SIGNALS, _SEEN, strict=True)
        ),
        caption=f"Means over all models of a node. At {found['max_rooms']} rooms the service level is about "
        "to break.",
        left=frozenset({"how to see it"}),
    )


def _draw(found: Capacity) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for label, name in (("p95 of partials", LATENCIES[0]), ("p99 of finals", LATENCIES[1])):
            known = [
                (point["rooms"], cast(Mapping[str, float | None], point)[name]) for point in found["curve"]
            ]
            seen = [(rooms, value / found["slo"][name]) for rooms, value in known if value is not None]
            limit = f"{label}, of {found['slo'][name]:g} s"
            axes.plot([rooms for rooms, _ in seen], [share for _, share in seen], "o-", label=limit)
        axes.axhline(1, color="C2", linestyle="--", label="service level")
        axes.axvline(found["rooms_per_node"], color="C3", label=f"planned: {found['rooms_per_node']} rooms")
        axes.axvline(found["max_rooms"], color="C3", linestyle=":", label=f"most: {found['max_rooms']} rooms")
        axes.set_xlabel("rooms on a node")
        axes.set_ylabel("share of the limit")
        axes.set_ylim(bottom=0)
        axes.legend()

    return draw
