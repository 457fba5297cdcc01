"""A rooms curve turned into nodes, scaling thresholds and cost, with all that this takes for granted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from perf.capacity.curve import SIGNALS, Curve

MOST_HEADROOM = 0.9


@dataclass(frozen=True)
class Demand:
    """What is to be carried.

    Attributes:
        rooms: at the same time.
        headroom: share of a node's rooms kept free, 0 to `MOST_HEADROOM`.
        spare: nodes beyond those needed, so that as many may fail and the head-room stays.
        price: of a node-hour, in any currency, if it was given.
    """

    rooms: int
    headroom: float
    spare: int
    price: float | None


@dataclass(frozen=True)
class Plan:
    """What it takes.

    Attributes:
        max_rooms: the most on a node that kept the service level.
        rooms_per_node: of these with the head-room off.
        nodes: that carry the rooms.
        with_spare: nodes to run.
        may_fail: of `with_spare`, how many may be gone before a node has more than `max_rooms`.
        thresholds: per node, to be scaled out above: what `SIGNALS` were at `rooms_per_node`.
        limits: what they were at the most rooms.
        server_cores, memory_mb: of a node at `rooms_per_node`.
        cost: of 1,000 room-hours, of all nodes.
    """

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


def plan(curve: Curve, demand: Demand) -> Plan:
    """Nodes for what is asked.

    Raises:
        RuntimeError: the head-room leaves a node no room.
    """
    per_node = math.floor(curve.max_rooms * (1 - demand.headroom) + 1e-9)
    if per_node < 1:
        raise RuntimeError(
            f"head-room {demand.headroom:g} leaves a node, which carries {curve.max_rooms} rooms, not one"
        )
    nodes = math.ceil(demand.rooms / per_node)
    running = nodes + demand.spare
    return Plan(
        max_rooms=curve.max_rooms,
        rooms_per_node=per_node,
        nodes=nodes,
        with_spare=running,
        may_fail=running - math.ceil(demand.rooms / curve.max_rooms),
        thresholds={name: curve.at(per_node, name) for name in SIGNALS},
        limits={name: curve.at(curve.max_rooms, name) for name in SIGNALS},
        server_cores=curve.at(per_node, "server_cores"),
        memory_mb=curve.at(per_node, "memory_mb"),
        cost=None if demand.price is None else round(1000 * running * demand.price / demand.rooms, 4),
    )


def assumptions(curve: Curve, demand: Demand, made: Plan, where: str, profile: str) -> list[str]:
    """What the plan takes for granted, and how far the curve bears it."""
    said = [f"A node is the machine measured ({where}) and its rooms are those of the profile ({profile})."]
    if made.with_spare > 1:
        said.append(
            f"{made.with_spare} nodes are extrapolated from one: nodes share nothing, so rooms grow with "
            "them as long as the gateway spreads rooms evenly."
        )
    said.append(_interpolated(curve, made.rooms_per_node))
    said += _bounds(curve)
    said += _noise(curve)
    for name in SIGNALS:
        at, limit = made.thresholds[name], made.limits[name]
        if at is None or limit is None:
            said.append(f"{name} was not measured: there is no threshold for it.")
        elif made.rooms_per_node < made.max_rooms and at >= limit:
            said.append(
                f"{name} does not grow from {made.rooms_per_node} to {made.max_rooms} rooms "
                f"({at:g}, {limit:g}): it can't be scaled by here."
            )
    if demand.price is None:
        said.append("No cost: it needs the price of a node-hour (--price).")
    return said


def _interpolated(curve: Curve, rooms: int) -> str:
    below, above = curve.beside(rooms)
    if below is None:
        return f"The thresholds are those of {above} rooms, the fewest measured: {rooms} were not."
    if below == above:
        return f"The thresholds were measured at {rooms} rooms."
    return f"The thresholds at {rooms} rooms are interpolated linearly between {below} and {above} rooms."


def _bounds(curve: Curve) -> list[str]:
    """Where the limit of a node really lies."""
    most = curve.max_rooms
    above = next((step.rooms for step in curve.steps if step.rooms > most), None)
    said = []
    if above is None or curve.limited_by != "slo":
        said.append(f"The curve is too short: it ends with {most} rooms kept, and a node may carry more.")
    elif above > most + 1:
        said.append(
            f"A node may carry up to {above - 1}: between {most} and {above} rooms nothing was measured."
        )
    if len(curve.steps) < 3:
        said.append(f"The curve has {len(curve.steps)} steps only: expected 3 or more to see its shape.")
    return said


def _noise(curve: Curve) -> list[str]:
    """Where the curve is not to be trusted."""
    most = next(step for step in curve.steps if step.rooms == curve.max_rooms)
    missed, runs = most.missed(curve.slo)
    again = [step.rooms for step in curve.steps if step.rooms > curve.max_rooms and not step.verdict]
    said = []
    if runs < 2:
        said.append(f"{most.rooms} rooms were measured once: how far the result varies is not known.")
    if missed:
        said.append(f"Noisy: {missed} of {runs} runs at {most.rooms} rooms went beyond a limit.")
    if again:
        listed = ", ".join(map(str, again))
        said.append(f"Noisy: {listed} rooms kept the service level again after fewer rooms had not.")
    return said
