"""A replica as a curve of `perf rooms` knows it: what it shows, and when it is late, by rooms carried."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perf import report
from perf.capacity.curve import Curve

Floats = NDArray[np.float64]
_HYPOTHESES = 1.0
"""Recognitions a second of a room that talks (`captions` asks for one a second)."""


@dataclass(frozen=True)
class Node:
    """What a replica shows with 0, 1, ... `slots` rooms (arrays of that many and one).

    Attributes:
        limit: the most rooms that keep the service level.
        slots: rooms it takes before it refuses more.
        cores: that it has, and requests.
        cpu: cores used.
        pending: requests in queues.
        queue_s: time of a request in a queue.
        source: where all this comes from.
        approximated: signals that were not measured.
    """

    limit: int
    slots: int
    cores: float
    cpu: Floats
    pending: Floats
    queue_s: Floats
    source: str
    approximated: tuple[str, ...] = ()


def node(curve: Curve, slots: int | None, result: Mapping[str, object], name: str) -> Node:
    """A node of the curve in a result that is called `name`.

    Args:
        curve: of the result.
        slots: rooms that it takes; None for as many as keep the service level.
        result: for the machine and the profile.
        name: for messages.

    Raises:
        RuntimeError: there are more slots than the curve has rooms, or too little was measured.
    """
    facts = report.flat({"machine": result.get("machine"), "profile": result.get("profile")})
    cores, slots = facts.get("machine.cores"), slots or curve.max_rooms
    if not isinstance(cores, int | float) or cores <= 0:
        raise RuntimeError(f"{name} has machine.cores {cores!r}: expected a number of cores")
    if slots > curve.steps[-1].rooms:
        most = curve.steps[-1].rooms
        raise RuntimeError(f"{slots} slots: expected at most {most}, the most rooms measured in {name}")
    names = ("server_cores", "pending", "queue_ms")
    cpu, pending, queue_ms = (_measured(curve, measure, slots) for measure in names)
    if cpu is None:
        raise RuntimeError(f"{name} has no server_cores: expected a curve of which CPU was measured")
    missing = [measure for measure, seen in (("pending", pending), ("queue_ms", queue_ms)) if seen is None]
    waiting = np.array([waiting_requests(min(used / cores, 0.99), math.ceil(cores)) for used in cpu])
    if pending is None:
        pending = waiting
    if queue_ms is None:  # Little's law
        queue_ms = 1000 * waiting / (_HYPOTHESES * np.maximum(np.arange(slots + 1), 1))
    source = f"{name} ({facts.get('machine.cpu', 'unknown CPU')}, {cores:g} cores, "
    source += f"profile {facts.get('profile.name', 'unknown')}, commit {result.get('commit') or 'unknown'})"
    queue_s = queue_ms / 1000
    return Node(curve.max_rooms, slots, float(cores), cpu, pending, queue_s, source, tuple(missing))


def waiting_requests(load: float, servers: int) -> float:
    """Mean length of the queue of M/D/c: half of M/M/c's, whose is Erlang's C times load / (1 - load).

    The half is exact for one server and in heavy traffic (Cosmetatos 1975); it stands in for signals that a
    curve lacks, no more.

    Args:
        load: share of the time that each of `servers` is busy, below 1.
        servers: how many.
    """
    offered = load * servers
    terms = [offered**busy / math.factorial(busy) for busy in range(servers)]
    last = offered**servers / math.factorial(servers) / (1 - load)
    return 0.5 * last / (sum(terms) + last) * load / (1 - load)


def _measured(curve: Curve, name: str, slots: int) -> Floats | None:
    """A measure at 0 to `slots` rooms: nothing at 0, linear between steps; None if it was not measured."""
    seen = dict(curve.known(name))
    if not seen:
        return None
    return np.interp(np.arange(slots + 1), [0, *seen], [0.0, *seen.values()]).astype(np.float64)
