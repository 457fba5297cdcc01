"""`python -m perf autoscale`: which signal should scale the cluster, at which threshold, at what cost."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from perf import report
from perf.autoscale import manifests, node, policies
from perf.autoscale.cluster import Cluster, StartUp
from perf.autoscale.comparison import Scenario, compare
from perf.autoscale.drawing import Line, section
from perf.autoscale.ledger import Books
from perf.autoscale.policy import Policy
from perf.autoscale.rows import rows
from perf.autoscale.traffic import HOUR_S, Burst, Traffic
from perf.options import number_that, share, whole

__all__ = ["add_arguments", "run", "section"]

MOST_ROOMS = 10_000_000
DRAWN = ("shipped", "CPU 70 %", "CPU 50 %", "queue", "rooms 90 %")
"""Policies whose timelines are kept, by how their names begin."""
_SECONDS = number_that(lambda value: 0 <= value <= HOUR_S, "seconds, from 0 to 3600")
_PRICE = number_that(
    lambda price: 0 <= price < math.inf, "the price of a replica-hour, 0 or more, such as 0.52"
)
_FACTOR = number_that(lambda value: 1 <= value <= 1000, "a factor from 1 (no burst) to 1000")
_BALANCE = number_that(
    lambda value: 100 <= value <= 1000 and value == int(value), "whole percent, 100 to 1000"
)
_HOUR = number_that(lambda value: 0 <= value <= 22, "an hour of the day, from 0 to 22")
_HOURS = number_that(lambda value: 0.1 <= value <= 24, "hours, from 0.1 to 24")
_FAILURES = number_that(lambda value: 0 <= value <= 24, "failures of a replica in a day, from 0 to 24")


def _rooms(text: str) -> int:
    rooms = whole(1)(text)
    if rooms > MOST_ROOMS:
        raise argparse.ArgumentTypeError(f"{text}: expected at most {MOST_ROOMS} rooms")
    return rooms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf autoscale`."""
    add, cluster, start = parser.add_argument, Cluster(), StartUp()
    burst = Burst(0.0)
    add(
        "curve",
        nargs="?",
        type=Path,
        help="what `perf rooms` wrote (build/perf/rooms.json, else the published curve)",
    )
    add(
        "--rooms", type=_rooms, default=10_000, help="at the peak of the day, up to ten million (%(default)s)"
    )
    add("--slots", type=whole(1), help="rooms a replica takes (the most that keep the service level)")
    add("--price", type=_PRICE, help="of a replica-hour, in any currency; without it there is no cost")
    add("--seed", type=whole(0), default=1, help="of everything drawn by lot (%(default)s)")
    for name, default, what in (
        ("node", start.node_s, "a machine for a new replica"),
        ("image", start.image_s, "its image"),
        ("load", start.load_s, "weights or engines, until the server is ready"),
        ("warm-up", start.warm_up_s, "the first, slower answers"),
    ):
        add(f"--{name}-s", type=_SECONDS, default=default, metavar="S", help=f"{what}, s (%(default)g)")
    add(
        "--burst",
        type=_FACTOR,
        default=burst.factor,
        help="a tenant's rooms times this in 2 min; 1 for none (%(default)g)",
    )
    add(
        "--burst-share", type=share, default=burst.share, help="of rooms that are that tenant's (%(default)s)"
    )
    add("--burst-at", type=_HOUR, default=14.0, metavar="H", help="hour of the day (%(default)g)")
    add("--hours", type=_HOURS, default=24.0, metavar="H", help="of the day, from midnight (%(default)g)")
    add("--balance", type=_BALANCE, help="hash_balance_factor of the gateway, percent (as shipped)")
    add(
        "--failures",
        type=_FAILURES,
        default=cluster.failures_per_day,
        help="of a replica in a day (%(default)s)",
    )
    add("--out", type=Path, default=report.BUILD / "autoscale.json", help="where it goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; tables go to stderr")


def run(options: argparse.Namespace) -> int:
    """Compares all policies, prints, and writes build/perf/autoscale.json."""
    console = report.console(as_json=options.json)
    settings = {name: value for name, value in vars(options).items() if name not in ("name", "json", "out")}
    settings["curve"] = str(node.known(options.curve))
    scenario = scenario_of(options)
    console.print(f"rooms on a replica: {scenario.node.source}", markup=False)
    chosen = policies.compared(scenario.node, scenario.traffic.rooms)
    with report.Steps(console) as steps:
        steps.expect(len(chosen))
        days = compare(scenario, chosen, steps.step)
    result = report.provenance(settings) | compared(scenario, days, options.price)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def scenario_of(options: argparse.Namespace) -> Scenario:
    """The scenario that options describe. Raises RuntimeError for a curve or manifests that can't be used."""
    start = StartUp(options.node_s, options.image_s, options.load_s, options.warm_up_s)
    balance = int(options.balance) if options.balance else manifests.balance()
    cluster = Cluster(start, balance, failures_per_day=options.failures)
    burst = Burst(options.burst_at * HOUR_S, options.burst, options.burst_share)
    bursts = options.burst > 1 and options.burst_share > 0 and options.burst_at < options.hours
    traffic = Traffic(options.rooms, burst=burst if bursts else None)
    carrier = node.load(node.known(options.curve), options.slots)
    return Scenario(cluster, carrier, traffic, options.seed, options.hours * HOUR_S)


def compared(
    scenario: Scenario, days: Sequence[tuple[Policy, Books]], price: float | None
) -> dict[str, object]:
    """What the JSON holds besides its provenance, see `perf.autoscale.drawing.Compared`."""
    burst = scenario.traffic.burst
    drawn = [(policy, books) for policy, books in reversed(days) if policy.name.startswith(DRAWN)]
    return {
        "kind": "autoscale",
        "rooms": int(scenario.traffic.rooms),
        "price": price,
        "burst_at_s": burst.at_s if burst else None,
        "rows": rows(days, price),
        "lines": [_line(policy, books, scenario.node.slots) for policy, books in drawn],
        "notes": _notes(scenario, days),
        "node": {"limit": scenario.node.limit, "slots": scenario.node.slots, "source": scenario.node.source},
        "cluster": asdict(scenario.cluster),
        "traffic": asdict(scenario.traffic),
    }


def _line(policy: Policy, books: Books, slots: int) -> Line:
    moments = books.timeline
    return Line(
        policy=policy.name,
        at_s=[moment.at_s for moment in moments],
        rooms=[moment.rooms for moment in moments],
        waiting=[moment.waiting for moment in moments],
        capacity=[moment.ready * slots for moment in moments],
    )


def _notes(scenario: Scenario, days: Sequence[tuple[Policy, Books]]) -> list[str]:
    """What the comparison takes for granted."""
    found, cluster, traffic = scenario.node, scenario.cluster, scenario.traffic
    said = [
        f"A replica is {found.source}: {found.limit} rooms keep the service level, it takes {found.slots}.",
        f"A new replica is ready {cluster.start_up.order_s:g} s after its order. Of these "
        f"{cluster.start_up.node_s + cluster.start_up.image_s:g} s are assumed, for a machine and an image.",
        f"Clients: {cluster.tries} tries at once, again every {cluster.retry_s:g} s for "
        f"{cluster.patience_s:g} s. Gateway: one that sees all rooms, hash_balance_factor {cluster.balance}.",
        f"Rooms stay {traffic.mean_stay_s / 60:.0f} min on average; two time zones; drawn with one seed.",
    ]
    if found.approximated:
        said.append(f"{' and '.join(found.approximated)} were not measured: approximated as M/D/c queues.")
    lifted = [policy.name for policy in policies.shipped(found, traffic.rooms) if policy.most == Policy.most]
    if lifted and any(policy.name in lifted for policy, _ in days):
        said.append("The most replicas that are shipped are too few for these rooms: left out here.")
    return said
