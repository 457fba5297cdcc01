"""`python -m perf capacity`: servers, what should scale them, and cost, from a curve of `perf rooms`."""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from perf import report
from perf.capacity import manifests, policies
from perf.capacity.curve import LATENCIES, read
from perf.capacity.ledger import Books
from perf.capacity.node import node
from perf.capacity.plan import MOST_HEADROOM, Demand, assumptions, plan
from perf.capacity.policies import Policy
from perf.capacity.policy_rows import rows
from perf.capacity.scenario import Cluster, Scenario, StartUp
from perf.capacity.section import section
from perf.capacity.simulation import simulate
from perf.capacity.traffic import HOUR_S, Burst, Traffic
from perf.options import add_output, number_that, share, whole

__all__ = ["add_arguments", "run", "section"]

PUBLISHED = Path(__file__).with_name("published.json")
"""The curve in docs/measuring.md, for machines where none was measured."""
MOST_ROOMS = 10_000_000
DRAWN = ("shipped", "CPU 70 %", "CPU 50 %", "queue", "rooms 90 %")
"""Policies whose timelines are kept, by how their names begin."""
_SECONDS = number_that(lambda value: 0 <= value <= HOUR_S, "seconds, from 0 to 3600")
_PRICE = number_that(lambda price: 0 <= price < math.inf, "the price of a node-hour, 0 or more, such as 0.52")
_HEADROOM = number_that(
    lambda value: 0 <= value <= MOST_HEADROOM, f"a share from 0 to {MOST_HEADROOM:g}, such as 0.3"
)
_FACTOR = number_that(lambda value: 1 <= value <= 1000, "a factor from 1 (no burst) to 1000")
_BALANCE = number_that(
    lambda value: 100 <= value <= 1000 and value == int(value), "whole percent, 100 to 1000"
)
_HOUR = number_that(lambda value: 0 <= value <= 22, "an hour of the day, from 0 to 22")
_HOURS = number_that(lambda value: value == 0 or 0.1 <= value <= 24, "hours, from 0.1 to 24, or 0")
_FAILURES = number_that(lambda value: 0 <= value <= 24, "failures of a replica in a day, from 0 to 24")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf capacity`."""
    add, start, burst = parser.add_argument, StartUp(), Burst(0.0)
    what = "what `perf rooms` wrote (build/perf/rooms.json, else the published curve)"
    add("curve", nargs="?", type=Path, help=what)
    most = whole(1, MOST_ROOMS)
    add("--rooms", type=most, required=True, help="live rooms at the same time, at the peak of the day")
    add("--headroom", type=_HEADROOM, default=0.3, help="share of a node kept free, 0 to 0.9 (%(default)s)")
    add("--spare", type=whole(0), default=1, help="nodes that may fail, head-room kept (%(default)s: N+1)")
    add("--slots", type=whole(1), help="rooms a replica takes (the most that keep the service level)")
    add("--price", type=_PRICE, help="of a node-hour, in any currency; without it there is no cost")
    add("--seed", type=whole(0), default=1, help="of everything drawn by lot (%(default)s)")
    for name, default, about in (
        ("node", start.node_s, "a machine for a new replica"),
        ("image", start.image_s, "its image"),
        ("load", start.load_s, "weights or engines, until the server is ready"),
        ("warm-up", start.warm_up_s, "the first, slower answers"),
    ):
        add(f"--{name}-s", type=_SECONDS, default=default, metavar="S", help=f"{about}, s (%(default)g)")
    about = "a tenant's rooms times this in 2 min; 1 for none (%(default)g)"
    add("--burst", type=_FACTOR, default=burst.factor, help=about)
    about = "of rooms that are that tenant's (%(default)s)"
    add("--burst-share", type=share, default=burst.share, help=about)
    add("--burst-at", type=_HOUR, default=14.0, metavar="H", help="hour of the day (%(default)g)")
    about = "of the day that is simulated, from midnight; 0: none (%(default)g)"
    add("--hours", type=_HOURS, default=24.0, metavar="H", help=about)
    add("--balance", type=_BALANCE, help="hash_balance_factor of the gateway, percent (as shipped)")
    failures = Cluster().failures_per_day
    add("--failures", type=_FAILURES, default=failures, help="of a replica in a day (%(default)s)")
    add_output(parser, "capacity")


def run(options: argparse.Namespace) -> int:
    """Plans, simulates a day under each policy, shows and saves."""
    console = report.console(as_json=options.json)
    path = known(options.curve)
    measured = report.load(path)
    demand = Demand(options.rooms, options.headroom, options.spare, options.price)
    result = planned(measured, str(path), demand)
    settings = {name: value for name, value in vars(options).items() if name not in ("name", "json", "out")}
    result |= {"settings": settings | {"curve": str(path)}}
    if options.hours:
        scenario = scenario_of(options, measured, str(path))
        shipped = manifests.scaled_object()
        candidates = policies.compared(shipped, scenario.node, scenario.traffic.rooms)
        days = []
        with report.Steps(console) as steps:
            steps.expect(len(candidates))
            for policy in candidates:
                steps.step(policy.name)
                days.append((policy, simulate(scenario, policy)))
        result = simulated(result, scenario, days, options.price)
    report.publish(result, section(result), options.out, console=console, as_json=options.json)
    return 0


def known(path: Path | None) -> Path:
    """The file with the curve: `path`, else what `perf rooms` measured here, else what was published."""
    measured = report.BUILD / "rooms.json"
    return path or (measured if measured.is_file() else PUBLISHED)


def planned(measured: Mapping[str, object], name: str, demand: Demand) -> dict[str, object]:
    """The plan for `demand` from the result of `perf rooms` in `measured`, with that result's provenance.

    Raises:
        RuntimeError: it can't be planned with.
    """
    curve = read(measured, name)
    made = plan(curve, demand)
    facts = report.flat({"machine": measured.get("machine"), "profile": measured.get("profile")})
    where = f"{facts.get('machine.cpu', 'unknown')}, {facts.get('machine.cores', '?')} cores"
    profile = ": ".join(str(facts[key]) for key in ("profile.name", "profile.description") if facts.get(key))
    said = assumptions(curve, demand, made, where, profile or "unknown")
    if busy := report.busy(measured):
        said.append(f"Others were at work on the machine as the curve began: {busy}.")
    points = [{"rooms": step.rooms, **{name: step.seen(name) for name in LATENCIES}} for step in curve.steps]
    rest = {"slo": msgspec.to_builtins(curve.slo), "curve": points, "assumptions": said, "source": name}
    nothing: dict[str, object] = {"policies": [], "burst_at_s": None, "lines": []}
    return report.origin(measured) | {"kind": "capacity"} | asdict(demand) | asdict(made) | rest | nothing


def scenario_of(options: argparse.Namespace, measured: Mapping[str, object], name: str) -> Scenario:
    """The scenario that options describe.

    Raises:
        RuntimeError: the curve or the manifests can't be used.
    """
    start = StartUp(options.node_s, options.image_s, options.load_s, options.warm_up_s)
    balance = int(options.balance) if options.balance else manifests.balance()
    burst = Burst(options.burst_at * HOUR_S, options.burst, options.burst_share)
    bursts = options.burst > 1 and options.burst_share > 0 and options.burst_at < options.hours
    return Scenario(
        Cluster(start, balance, failures_per_day=options.failures),
        node(read(measured, name), options.slots, measured, name),
        Traffic(options.rooms, burst=burst if bursts else None),
        options.seed,
        options.hours * HOUR_S,
    )


def simulated(
    result: Mapping[str, object],
    scenario: Scenario,
    days: Sequence[tuple[Policy, Books]],
    price: float | None,
) -> dict[str, object]:
    """The plan with what came of each policy, the shipped one first among those that are drawn."""
    burst, slots = scenario.traffic.burst, scenario.node.slots
    said = result["assumptions"]
    return {
        **result,
        "burst_at_s": burst.at_s if burst else None,
        "policies": rows(days, price),
        "lines": [
            {
                "policy": policy.name,
                "at_s": [moment.at_s for moment in books.timeline],
                "rooms": [moment.rooms for moment in books.timeline],
                "waiting": [moment.waiting for moment in books.timeline],
                "capacity": [moment.ready * slots for moment in books.timeline],
            }
            for policy, books in reversed(days)
            if policy.name.startswith(DRAWN)
        ],
        "assumptions": [*(said if isinstance(said, list) else []), *_notes(scenario, days)],
        "cluster": asdict(scenario.cluster),
        "traffic": asdict(scenario.traffic),
    }


def _notes(scenario: Scenario, days: Sequence[tuple[Policy, Books]]) -> list[str]:
    """What the comparison of policies takes for granted."""
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
    if any(policy.most == Policy.most for policy, _ in days if policy.name.startswith("shipped")):
        said.append("The most replicas that are shipped are too few for these rooms: left out here.")
    return said
