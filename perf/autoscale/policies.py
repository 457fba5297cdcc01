"""The policies that are compared: the signals one could scale by, at several targets, and what is shipped."""

import math
from dataclasses import replace

import numpy as np

from perf.autoscale import manifests
from perf.autoscale.hpa import Behaviour, Rate, Rules
from perf.autoscale.node import Floats, Node
from perf.autoscale.policy import Metric, Policy

TARGET = 0.7
"""Of a replica's slots: where targets of signals that are not rooms are read off the curve."""
SLOW_DOWN = Behaviour(
    Rules((Rate("Percent", 100, 15), Rate("Pods", 8, 15)), 0.0),
    Rules((Rate("Percent", 10, 60),), 600.0),
)
"""Up at once, down by a tenth a minute after ten quiet minutes: each replica that goes moves its rooms."""
HASTY = Behaviour(SLOW_DOWN.up, Rules((Rate("Percent", 100, 15),), 0.0))


def compared(node: Node, rooms: float) -> list[Policy]:
    """Every policy, for traffic of about `rooms` at the peak; the one that is shipped comes last."""
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
    return [*found, *shipped(node, rooms)]


def shipped(node: Node, rooms: float) -> list[Policy]:
    """What `k8s/base/autoscaling` has, the HPA only where it differs from the ScaledObject.

    Its most replicas are left out where they are too few for the traffic: that number is for each to choose.
    """
    keda, hpa = manifests.scaled_object(), manifests.horizontal()
    same = replace(hpa, name=keda.name, fallback=keda.fallback, ignore_null=keda.ignore_null) == keda
    found = [keda] if same else [hpa, keda]
    return [policy if fits(policy, node, rooms) else replace(policy, most=Policy.most) for policy in found]


def fits(policy: Policy, node: Node, rooms: float) -> bool:
    """Whether the policy's most replicas would carry twice the rooms of the peak, as in a burst."""
    return policy.most * node.slots >= 2 * rooms


def at(signal: Floats, rooms: float) -> float:
    """A signal of a node at a number of rooms that need not be whole."""
    return float(np.interp(rooms, np.arange(len(signal)), signal))
