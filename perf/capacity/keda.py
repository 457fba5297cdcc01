"""What KEDA puts between a Prometheus query and the autoscaler: values that are missing, and its fallback.

Source: kedacore/keda, pkg/scalers/prometheus_scaler.go, pkg/fallback/fallback.go,
pkg/scaling/executor/scale_scaledobjects.go; https://keda.sh/docs/latest/reference/scaledobject-spec/
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

Kind = Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]


class QueryError(RuntimeError):
    """A query whose answer can't be used."""


class Fallback(Struct, frozen=True):
    """`fallback` of a ScaledObject: as many replicas after `failures` failed queries in a row."""

    failures: int = field(default=0, name="failureThreshold")
    replicas: int = 0
    behavior: Kind = field(default="static", name="behavior")


def answer(elements: Sequence[float] | None, *, ignore_null: bool) -> float:
    """The value of a query that gave `elements`; None is a Prometheus that did not answer.

    An empty answer, or an infinite one, counts as 0 with `ignore_null` (`ignoreNullValues`, true unless set:
    scrapes that fail then look like no load at all). Otherwise QueryError, as for several elements, and for
    a Prometheus that did not answer. (ExecutePromQuery)
    """
    if elements is None:
        raise QueryError("Prometheus did not answer")
    if len(elements) > 1:
        raise QueryError(f"the query gave {len(elements)} elements: expected one")
    if elements and math.isfinite(elements[0]):
        return elements[0]
    if ignore_null:
        return 0.0
    raise QueryError("the query gave nothing" if not elements else f"the query gave {elements[0]}")


@dataclass
class Trigger:
    """A Prometheus trigger with an AverageValue `threshold`, counting its failures.

    It is asked as often as the autoscaler syncs: `pollingInterval` matters at 0 replicas alone (and with
    `useCachedMetrics`), as does `cooldownPeriod`.
    """

    threshold: float
    fallback: Fallback | None = None
    ignore_null: bool = True
    _failures: int = dataclasses.field(default=0, init=False)

    def metric(self, elements: Sequence[float] | None, replicas: int) -> float | None:
        """What the autoscaler is told while there are `replicas`: None (no metric) or a value.

        After enough failures in a row the fallback's replicas times the threshold, so that AverageValue
        comes out at just these (doFallback); before, no metric, which keeps the autoscaler from scaling down.
        """
        try:
            value = answer(elements, ignore_null=self.ignore_null)
        except QueryError:
            self._failures += 1
            if self.fallback is None or self._failures <= self.fallback.failures:
                return None
            return self.threshold * _replicas(self.fallback, replicas)
        self._failures = 0
        return value


def _replicas(fallback: Fallback, current: int) -> int:
    if fallback.behavior == "currentReplicas":
        return current
    if fallback.behavior == "currentReplicasIfHigher":
        return max(current, fallback.replicas)
    if fallback.behavior == "currentReplicasIfLower":
        return min(current, fallback.replicas)
    return fallback.replicas
