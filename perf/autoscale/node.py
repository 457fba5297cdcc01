"""A replica as a curve of `perf rooms` knows it: what it shows, and when it is late, by rooms carried."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perf import report
from perf.capacity.curve import Curve, read

Floats = NDArray[np.float64]
PUBLISHED = Path(__file__).with_name("published.json")
"""The curve in the README, for machines where none was measured."""
_HYPOTHESES = 1.0
"""Recognitions a second of a room that talks (`captions` asks for one a second)."""


@dataclass(frozen=True)
class Node:
    """What a replica shows with 0, 1, ... `slots` rooms (arrays of that many and one).

    limit: the most rooms that keep the service level. slots: rooms it takes before it refuses more.
    cores: that it has, and requests. cpu: cores used. pending: requests in queues. queue_s: time of a request
    in a queue. source: where all this comes from. approximated: signals that were not measured.
    """

    limit: int
    slots: int
    cores: float
    cpu: Floats
    pending: Floats
    queue_s: Floats
    source: str
    approximated: tuple[str, ...] = ()


def known(path: Path | None) -> Path:
    """The file with the curve: `path`, else what `perf rooms` measured here, else what was published."""
    measured = report.BUILD / "rooms.json"
    return path or (measured if measured.is_file() else PUBLISHED)


def load(path: Path, slots: int | None) -> Node:
    """A node from the result of `perf rooms` in the file `path`. slots: None for as many as it carries.

    Raises RuntimeError for a file, or a number of slots, that can't be used.
    """
    result = report.load(path)
    curve = read(result, str(path))
    facts = report.flat({"machine": result.get("machine"), "profile": result.get("profile")})
    cores = facts.get("machine.cores")
    if not isinstance(cores, int | float) or cores <= 0:
        raise RuntimeError(f"{path} has machine.cores {cores!r}: expected a number of cores")
    source = f"{path} ({facts.get('machine.cpu', 'unknown CPU')}, {cores:g} cores, "
    source += f"profile {facts.get('profile.name', 'unknown')}, commit {result.get('commit') or 'unknown'})"
    return node(curve, slots or curve.max_rooms, float(cores), source)


def node(curve: Curve, slots: int, cores: float, source: str) -> Node:
    """A node with `slots` from `curve`. Raises RuntimeError for more slots than the curve has rooms."""
    most = curve.steps[-1].rooms
    if slots > most:
        raise RuntimeError(f"{slots} slots: expected at most {most}, the most rooms measured in {source}")
    cpu = _measured(curve, "server_cores", slots)
    if cpu is None:
        raise RuntimeError(f"{source} has no server_cores: expected a curve of which CPU was measured")
    pending, queue_ms = (_measured(curve, name, slots) for name in ("pending", "queue_ms"))
    missing = [name for name, seen in (("pending", pending), ("queue_ms", queue_ms)) if seen is None]
    waiting = np.array([waiting_requests(min(used / cores, 0.99), math.ceil(cores)) for used in cpu])
    if pending is None:
        pending = waiting
    if queue_ms is None:  # Little's law
        queue_ms = 1000 * waiting / (_HYPOTHESES * np.maximum(np.arange(slots + 1), 1))
    return Node(curve.max_rooms, slots, cores, cpu, pending, queue_ms / 1000, source, tuple(missing))


def waiting_requests(load: float, servers: int) -> float:
    """Mean length of the queue of M/D/c: half of M/M/c's, whose is Erlang's C times load / (1 - load).

    load: share of the time that each of `servers` is busy, below 1. The half is exact for one server and in
    heavy traffic (Cosmetatos 1975); it stands in for signals that a curve lacks, no more.
    """
    offered = load * servers
    terms = [offered**busy / math.factorial(busy) for busy in range(servers)]
    last = offered**servers / math.factorial(servers) / (1 - load)
    return 0.5 * last / (sum(terms) + last) * load / (1 - load)


def _measured(curve: Curve, name: str, slots: int) -> Floats | None:
    """A measure at 0 to `slots` rooms: nothing at 0, linear between steps; None if it was not measured."""
    seen: Mapping[int, float] = {step.rooms: step.seen[name] for step in curve.steps if name in step.seen}
    if not seen:
        return None
    return np.interp(np.arange(slots + 1), [0, *seen], [0.0, *seen.values()]).astype(np.float64)
