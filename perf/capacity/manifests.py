"""What `k8s/` ships, read as the cluster would read it: the autoscaler's policy, the gateway's balance."""

import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from msgspec import Meta, Struct

from perf import report
from perf.capacity.hpa import DEFAULTS, Behavior, Rate, Rules
from perf.capacity.keda import Fallback
from perf.capacity.policies import Metric, Policy
from perf.capacity.signals import Signal
from perf.structs import convert

BASE = report.PROJECT / "k8s" / "base"
SCALED_OBJECT = BASE / "autoscaling" / "scaledobject.yaml"
ENVOY = BASE / "gateway" / "envoy.yaml"
RULES: dict[str, Signal] = {
    "liveroom:rooms_in_replicas:sum": "rooms",
    "liveroom:rooms_per_slot:ratio": "rooms_per_slot",
    "liveroom:pending_requests:per_replica": "pending_mean",
    "liveroom:queue_seconds:per_request": "queue_s",
    "liveroom:refusals:rate": "refusals",
}
"""Recording rules of `k8s/base/monitoring/prometheusrule.yaml`, and the signals that stand for them here."""
_QUANTITY = re.compile(r"([0-9.]+)(m?)")
_FACTOR = re.compile(r"([0-9]+) \* ")
"""A query may ask for a multiple of its rule, as KEDA wants whole thresholds. Here both go without it."""


class _Rules(Struct, frozen=True, rename="camel"):
    policies: tuple[Rate, ...] | None = None
    stabilization_window_seconds: float | None = None
    select_policy: Literal["Max", "Min", "Disabled"] = "Max"

    def over(self, default: Rules) -> Rules:
        """With what is not said as by default."""
        window_s = self.stabilization_window_seconds
        return Rules(
            default.rates if self.policies is None else self.policies,
            default.window_s if window_s is None else window_s,
            self.select_policy,
        )


class _Behavior(Struct, frozen=True, rename="camel"):
    scale_up: _Rules = _Rules()
    scale_down: _Rules = _Rules()


class _Config(Struct, frozen=True):
    behavior: _Behavior = _Behavior()


class _Advanced(Struct, frozen=True, rename="camel"):
    horizontal_pod_autoscaler_config: _Config = _Config()


class _Metadata(Struct, frozen=True, rename="camel"):
    query: str = ""
    threshold: str = ""
    value: str = ""
    ignore_null_values: str = "true"


class _Trigger(Struct, frozen=True, rename="camel"):
    type: Literal["prometheus", "cpu"]
    metadata: _Metadata
    metric_type: Literal["AverageValue", "Value", "Utilization"] = "AverageValue"

    def __post_init__(self) -> None:
        self.metric()  # so that what is wrong is said where it is

    def metric(self) -> Metric:
        """What it asks for."""
        if self.type == "cpu":
            return Metric("cpu", "Utilization", _quantity("value", self.metadata.value))
        query = self.metadata.query
        rules = set(re.findall(r"liveroom:\w+:\w+", query))
        if len(rules) != 1 or not rules <= RULES.keys():
            raise ValueError(f"query is {query!r}: expected one recording rule out of {', '.join(RULES)}")
        factor = _FACTOR.match(query)
        threshold = _quantity("threshold", self.metadata.threshold) / (int(factor[1]) if factor else 1)
        return Metric(RULES[rules.pop()], self.metric_type, threshold)


class _Spec(Struct, frozen=True, rename="camel"):
    triggers: Annotated[list[_Trigger], Meta(min_length=1)]
    min_replica_count: int = 0
    max_replica_count: int = 100
    fallback: Fallback | None = None
    advanced: _Advanced = _Advanced()


class _ScaledObject(Struct, frozen=True):
    kind: Literal["ScaledObject"]
    spec: _Spec


def scaled_object(path: Path = SCALED_OBJECT) -> Policy:
    """The policy of a KEDA ScaledObject.

    Raises:
        RuntimeError: the file has none that can be simulated.
    """
    try:
        spec = convert(yaml.safe_load(_text(path)), _ScaledObject, str(path)).spec
    except yaml.YAMLError as error:
        raise RuntimeError(f"{path} can't be read as YAML: {error}") from None
    except ValueError as error:
        raise RuntimeError(str(error)) from None
    behavior = spec.advanced.horizontal_pod_autoscaler_config.behavior
    return Policy(
        "shipped (KEDA)",
        tuple(trigger.metric() for trigger in spec.triggers),
        Behavior(behavior.scale_up.over(DEFAULTS.up), behavior.scale_down.over(DEFAULTS.down)),
        spec.min_replica_count,
        spec.max_replica_count,
        spec.fallback,
        {trigger.metadata.ignore_null_values for trigger in spec.triggers} != {"false"},
    )


def balance(path: Path = ENVOY) -> int:
    """`hash_balance_factor` (percent) of the gateway's cluster for rooms.

    Raises:
        RuntimeError: there is none, or more than one.
    """
    found = re.findall(r"hash_balance_factor:\s*([0-9]+)", _text(path))
    if len(set(found)) != 1:
        raise RuntimeError(f"{path} has {found or 'no'} hash_balance_factor: expected one")
    return int(found[0])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RuntimeError(f"{path} can't be read: {error.strerror}") from None


def _quantity(key: str, text: str) -> float:
    """A Kubernetes quantity without a unit of size: "700m" is 0.7."""
    found = _QUANTITY.fullmatch(text)
    if not found or not float(found[1]):
        raise ValueError(
            f'{key} is {text!r}: expected a quantity in quotes, more than 0, such as "0.7" or "700m"'
        )
    return float(found[1]) / (1000 if found[2] else 1)
