"""The horizontal pod autoscaler (autoscaling/v2): its formulas as functions, its memory as a class.

Source: kubernetes/kubernetes, pkg/controller/podautoscaler/, `replica_calculator.go` and `horizontal.go`; the
functions of Go that each of these follows are named in its docstring. In words:
https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

SYNC_S = 15.0
"""Time between decisions: kube-controller-manager's `--horizontal-pod-autoscaler-sync-period`."""
TOLERANCE = 0.1
"""Its `--horizontal-pod-autoscaler-tolerance`: a ratio this close to 1 changes nothing."""


class Rate(Struct, frozen=True):
    """An entry of `policies`: at most `value` pods, or percent of the pods, in any `period_s`."""

    type: Literal["Pods", "Percent"]
    value: int
    period_s: float = field(name="periodSeconds")


@dataclass(frozen=True)
class Rules:
    """`behavior.scaleUp` or `behavior.scaleDown`."""

    rates: tuple[Rate, ...]
    window_s: float
    select: Literal["Max", "Min", "Disabled"] = "Max"
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Behavior:
    """`behavior`; the defaults are those of Kubernetes (`apis/autoscaling/v2/defaults.go`)."""

    up: Rules = Rules((Rate("Percent", 100, 15), Rate("Pods", 4, 15)), 0.0)
    down: Rules = Rules((Rate("Percent", 100, 15),), 300.0)

    def close(self, ratio: float) -> bool:
        """Whether `ratio`, of usage and target, is close enough to 1 to be left alone."""
        return 1 - self.down.tolerance <= ratio <= 1 + self.up.tolerance


DEFAULTS = Behavior()


@dataclass(frozen=True)
class Pods:
    """The pods of a deployment as the autoscaler sees them.

    Attributes:
        replicas: all there are, pods that start included (`status.replicas`).
        ready: that are ready and have metrics.
        starting: not ready yet, whose metrics are not used.
        missing: ready, without metrics.
    """

    replicas: int
    ready: int
    starting: int = 0
    missing: int = 0


def average_value(metric: float, target: float, pods: Pods, behavior: Behavior) -> int:
    """Replicas for an external metric that all of them share, `target` each: `metric / target`, rounded up.

    Pods that start count, unlike in the other formulas: what has been ordered is not ordered again.
    (GetExternalPerPodMetricReplicas, type AverageValue, which is what KEDA makes unless told otherwise.)
    """
    if pods.replicas and behavior.close(metric / (target * pods.replicas)):
        return pods.replicas
    return math.ceil(round(metric / target, 9))


def value(metric: float, target: float, pods: Pods, behavior: Behavior) -> int:
    """Replicas for an external metric that is a level of its own: ready pods times `metric / target`.

    (GetExternalMetricReplicas and getUsageRatioReplicaCount, type Value.)
    """
    ratio = metric / target
    if not pods.replicas:
        return math.ceil(ratio)
    if behavior.close(ratio):
        return pods.replicas
    return math.ceil(round(ratio * (pods.ready + pods.missing), 9))


def utilization(usage: float, request: float, target: int, pods: Pods, behavior: Behavior) -> int | None:
    """Replicas for a resource: `usage` of all ready pods against `target` percent of what each requests.

    Pods without metrics count as using all of their request (or the target, if that is more) where that
    may keep replicas, and nothing where it may add some; so do pods that start, for the latter. What would
    turn the direction changes nothing. None without a ready pod. (GetResourceReplicas, type Utilization;
    its percentages are whole, so are these.)
    """
    if not pods.ready:
        return None
    ratio = _percent(usage, request * pods.ready) / target
    rebalance = pods.starting > 0 and ratio > 1
    if not rebalance and not pods.missing:
        return pods.replicas if behavior.close(ratio) else math.ceil(round(ratio * pods.ready, 9))
    counted = pods.ready + pods.missing + (pods.starting if rebalance else 0)
    if ratio < 1:
        usage += pods.missing * request * max(100, target) / 100
    again = _percent(usage, request * counted) / target
    if behavior.close(again) or (ratio < 1 < again) or (again < 1 < ratio):
        return pods.replicas
    replicas = math.ceil(round(again * counted, 9))
    turned = (again < 1 and replicas > pods.replicas) or (again > 1 and replicas < pods.replicas)
    return pods.replicas if turned else replicas


def largest(wishes: Iterable[int | None], replicas: int) -> int:
    """Of what several metrics ask for, the largest; None is a metric that can't be had.

    One that is missing forbids scaling down, and all missing any scaling. (computeReplicasForMetrics)
    """
    listed = list(wishes)
    known = [wish for wish in listed if wish is not None]
    most = max(known, default=replicas)
    return replicas if len(known) < len(listed) and most < replicas else most


@dataclass
class Hpa:
    """What the autoscaler remembers between decisions: recommendations, and changes it has made."""

    behavior: Behavior
    least: int
    most: int
    _wishes: deque[tuple[float, int]] = dataclasses.field(default_factory=deque)
    _changes: deque[tuple[float, int]] = dataclasses.field(default_factory=deque)

    def decide(self, now: float, replicas: int, wish: int) -> int:
        """Replicas from `now` (seconds) on, where there are `replicas` and the metrics ask for `wish`.

        Stabilised first, then held to the rates, then to the bounds
        (stabilizeRecommendationWithBehaviors, convertDesiredReplicasWithBehaviorRate).
        """
        if not self.least <= replicas <= self.most:  # reconcileAutoscaler: bounds come before metrics
            return self._changed(now, replicas, min(max(replicas, self.least), self.most))
        up, down = self.behavior.up, self.behavior.down
        low = min([recent for at, recent in self._wishes if at > now - up.window_s] + [wish])
        high = max([recent for at, recent in self._wishes if at > now - down.window_s] + [wish])
        self._wishes.append((now, wish))
        while self._wishes and self._wishes[0][0] <= now - max(up.window_s, down.window_s):
            self._wishes.popleft()
        wish = min(max(replicas, low), high)
        if wish > replicas:
            wish = min(wish, max(replicas, self._limit(now, replicas, up, 1)))
        elif wish < replicas:
            wish = max(wish, min(replicas, self._limit(now, replicas, down, -1)))
        return self._changed(now, replicas, min(max(wish, self.least), self.most))

    def _limit(self, now: float, replicas: int, rules: Rules, sign: Literal[1, -1]) -> int:
        """How far the rates let it go (calculateScaleUpLimitWithScalingRules, ...DownLimitWithBehaviors)."""
        if rules.select == "Disabled":
            return replicas
        limits = [self._reach(rate, self._before(now, replicas, rate.period_s), sign) for rate in rules.rates]
        return max(limits) if (rules.select == "Max") == (sign > 0) else min(limits)

    def _before(self, now: float, replicas: int, period_s: float) -> int:
        return replicas - sum(change for at, change in self._changes if at > now - period_s)

    @staticmethod
    def _reach(rate: Rate, start: int, sign: Literal[1, -1]) -> int:
        if rate.type == "Pods":
            return start + sign * rate.value
        reached = round(start * (1 + sign * rate.value / 100), 9)
        return math.ceil(reached) if sign > 0 else int(reached)

    def _changed(self, now: float, before: int, after: int) -> int:
        if after != before:
            self._changes.append((now, after - before))
        longest = max((rate.period_s for rate in _rates(self.behavior)), default=0.0)
        while self._changes and self._changes[0][0] <= now - longest:
            self._changes.popleft()
        return after


def _rates(behavior: Behavior) -> Sequence[Rate]:
    return behavior.up.rates + behavior.down.rates


def _percent(usage: float, request: float) -> int:
    return int(round(usage * 100 / request, 9))
