"""A policy: what scales, at which target, and how fast; and the autoscaler that follows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perf.autoscale import hpa
from perf.autoscale.hpa import DEFAULTS, Behaviour, Hpa, Pods
from perf.autoscale.keda import Fallback, Trigger
from perf.autoscale.node import Node
from perf.autoscale.signals import Signal


@dataclass(frozen=True)
class Metric:
    """A metric of an autoscaler. target: in the signal's unit; of Utilization percent of the request."""

    signal: Signal
    type: Literal["AverageValue", "Value", "Utilization"]
    target: float


@dataclass(frozen=True)
class Policy:
    """metrics: none for a fixed number of replicas, which is `least` then."""

    name: str
    metrics: tuple[Metric, ...]
    behaviour: Behaviour = DEFAULTS
    least: int = 2
    most: int = 10**7
    fallback: Fallback | None = None
    ignore_null: bool = False


class Autoscaler:
    """Follows a policy: asks its metrics every `hpa.SYNC_S` and says how many replicas there should be."""

    def __init__(self, policy: Policy, node: Node) -> None:
        self._policy = policy
        self._node = node
        self._hpa = Hpa(policy.behaviour, policy.least, policy.most)
        self._triggers = [
            Trigger(metric.target, policy.fallback, policy.ignore_null) for metric in policy.metrics
        ]

    def decide(self, now: float, pods: Pods, seen: Mapping[Signal, float] | None) -> int:
        """Replicas from `now` (seconds) on. seen: the signals by name; None without Prometheus."""
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
        behaviour = self._policy.behaviour
        if metric.type == "Utilization":
            if seen is None or metric.signal not in seen:
                return None
            request = self._node.cores
            return hpa.utilisation(seen[metric.signal], request, int(metric.target), pods, behaviour)
        elements = None if seen is None else [seen[metric.signal]] if metric.signal in seen else []
        told = trigger.metric(elements, pods.replicas)
        if told is None:
            return None
        formula = hpa.average_value if metric.type == "AverageValue" else hpa.value
        return formula(told, metric.target, pods, behaviour)
