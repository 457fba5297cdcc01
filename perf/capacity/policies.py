"""The policies that are compared: what scales, at which target and how fast; and the autoscaler itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from perf.capacity import hpa
from perf.capacity.hpa import DEFAULTS, Behavior, Hpa, Pods, Rate, Rules
from perf.capacity.keda import Fallback, Trigger
from perf.capacity.node import Floats, Node
from perf.capacity.signals import Signal

TARGET = 0.7
"""Of a replica's slots: where targets of signals that are not rooms are read off the curve."""
SLOW_DOWN = Behavior(
    Rules((Rate("Percent", 100, 15), Rate("Pods", 8, 15)), 0.0),
    Rules((Rate("Percent", 10, 60),), 600.0),
)
"""Up at once, down by a tenth a minute after ten quiet minutes: each replica that goes moves its rooms."""
HASTY = Behavior(SLOW_DOWN.up, Rules((Rate("Percent", 100, 15),), 0.0))


@dataclass(frozen=True)
class Metric:
    """A metric of an autoscaler; its target has the signal's unit, of Utilization percent of the request."""

    signal: Signal
    type: Literal["AverageValue", "Value", "Utilization"]
    target: float


@dataclass(frozen=True)
class Policy:
    """What scales; without metrics a fixed number of replicas, which is `least` then."""

    name: str
    metrics: tuple[Metric, ...]
    behavior: Behavior = DEFAULTS
    least: int = 2
    most: int = 10**7
    fallback: Fallback | None = None
    ignore_null: bool = False


class Autoscaler:
    """Follows a policy: asks its metrics every `hpa.SYNC_S` and says how many replicas there should be."""

    def __init__(self, policy: Policy, node: Node) -> None:
        self._policy = policy
        self._node = node
        self._hpa = Hpa(policy.behavior, policy.least, policy.most)
        self._triggers = [
            Trigger(metric.target, policy.fallback, policy.ignore_null) for metric in policy.metrics
        ]

    def decide(self, now: float, pods: Pods, seen: Mapping[Signal, float] | None) -> int:
        """Replicas from `now` (seconds) on, by the signals that are seen; None without Prometheus."""
        if not self._policy.metrics:
            return self._policy.least
        wishes = [
            self._wish(metric, trigger, pods, seen)
            for metric, trigger in zip(self._policy.metrics, self._triggers, strict=True)
        ]
        return self._hpa.decide(now, pods.replicas, hpa.largest(wishes, pods.replicas))

    def _wish(
        self, metric: Metric, trigger: Trigger, pods: Pods, seen: Mapping[Signal, float] | None
    ) -> int | None:
        behavior = self._policy.behavior
        value = None if seen is None else seen.get(metric.signal)
        if metric.type == "Utilization":
            if value is None:
                return None
            return hpa.utilization(value, self._node.cores, int(metric.target), pods, behavior)
        elements = None if seen is None else [] if value is None else [value]
        told = trigger.metric(elements, pods.replicas)
        if told is None:
            return None
        formula = hpa.average_value if metric.type == "AverageValue" else hpa.value
        return formula(told, metric.target, pods, behavior)


def compared(shipped: Policy, node: Node, rooms: float) -> list[Policy]:
    """Every policy, for traffic of about `rooms` at the peak; the one that is `shipped` comes last."""
    carried = TARGET * node.slots
    pending, queue_s = (float(at(signal, carried)) for signal in (node.pending, node.queue_s))
    most_queue_s = float(at(node.queue_s, 0.9 * node.slots))
    by_rooms = Metric("rooms", "AverageValue", TARGET)
    peak = math.ceil(rooms / carried)
    found = [
        Policy("fixed for the peak", (), least=peak),
        Policy("CPU 70 %, defaults", (Metric("cpu", "Utilization", 70),)),
        Policy("CPU 50 %", (Metric("cpu", "Utilization", 50),), SLOW_DOWN),
        Policy(f"pending {pending:.2g} a replica", (Metric("pending", "AverageValue", pending),), SLOW_DOWN),
        Policy(f"queue {queue_s * 1000:.2g} ms", (Metric("queue_s", "Value", queue_s),), SLOW_DOWN),
    ]
    found += [
        Policy(f"rooms {share * 100:.0f} %", (replace(by_rooms, target=share),), SLOW_DOWN)
        for share in (0.6, 0.7, 0.75, 0.8, 0.9)
    ]
    both = (by_rooms, Metric("queue_s", "Value", most_queue_s))
    found += [
        Policy(f"rooms 70 %, queue {most_queue_s * 1000:.2g} ms", both, SLOW_DOWN),
        Policy("rooms 70 %, no window", (by_rooms,), HASTY),
        Policy(
            "rooms 80 %, minimum half", (replace(by_rooms, target=0.8),), SLOW_DOWN, least=max(1, peak // 2)
        ),
    ]
    return [*found, lifted(shipped, node, rooms)]


def lifted(policy: Policy, node: Node, rooms: float) -> Policy:
    """A policy whose most replicas are left out where they would not carry twice the rooms, as in a burst.

    That number is for each to choose.
    """
    return policy if policy.most * node.slots >= 2 * rooms else replace(policy, most=Policy.most)


def at(signal: Floats, rooms: float) -> float:
    """A signal of a node at a number of rooms that need not be whole."""
    return float(np.interp(rooms, np.arange(len(signal)), signal))
