"""What `k8s/` ships, read as the cluster would read it: the autoscaler's policy, the gateway's balance."""

import re
from pathlib import Path
from typing import Literal, cast, get_args

import yaml

from perf import report
from perf.autoscale.hpa import Behaviour, Rate, Rules
from perf.autoscale.keda import Fallback, Kind
from perf.autoscale.policy import Metric, Policy
from perf.autoscale.signals import Signal
from perf.rooms.tables import Table

BASE = report.PROJECT / "k8s" / "base"
SCALED_OBJECT = BASE / "autoscaling" / "scaledobject.yaml"
HPA = BASE / "autoscaling" / "hpa.yaml"
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


def scaled_object(path: Path = SCALED_OBJECT) -> Policy:
    """The policy of a KEDA ScaledObject. Raises RuntimeError for a file that has none this can simulate."""
    spec = _spec(path, "ScaledObject")
    try:
        triggers = spec.tables("triggers")
        fallback = _fallback(spec.table("fallback")) if spec.has("fallback") else None
        config = spec
        for name in ("advanced", "horizontalPodAutoscalerConfig"):
            config = config.table(name) if config.has(name) else Table({}, path.name)
        ignore = {trigger.table("metadata").text("ignoreNullValues", "true") for trigger in triggers}
        return Policy(
            "shipped (KEDA)",
            tuple(map(_trigger, triggers)),
            _behaviour(config),
            spec.whole("minReplicaCount", 0),
            spec.whole("maxReplicaCount", 100),
            fallback,
            ignore != {"false"},
        )
    except ValueError as error:
        raise RuntimeError(f"{path}: {error}") from None


def query(path: Path = SCALED_OBJECT) -> str:
    """What a ScaledObject's only trigger asks Prometheus, for any namespace: on one machine there is none.

    Without its factor, as the targets of `scaled_object` are. Raises RuntimeError for a file with another
    number of triggers.
    """
    try:
        triggers = _spec(path, "ScaledObject").tables("triggers")
        if len(triggers) != 1:
            raise RuntimeError(f"{path} has {len(triggers)} triggers: expected one")
        return re.sub(r"\{[^}]*\}", "", _FACTOR.sub("", triggers[0].table("metadata").text("query", "")))
    except ValueError as error:
        raise RuntimeError(f"{path}: {error}") from None


def horizontal(path: Path = HPA) -> Policy:
    """The policy of a HorizontalPodAutoscaler. Raises RuntimeError as `scaled_object` does."""
    spec = _spec(path, "HorizontalPodAutoscaler")
    try:
        metrics = tuple(map(_metric, spec.tables("metrics")))
        least = spec.whole("minReplicas", 1)
        return Policy("shipped (HPA)", metrics, _behaviour(spec), least, spec.whole("maxReplicas", 0))
    except ValueError as error:
        raise RuntimeError(f"{path}: {error}") from None


def balance(path: Path = ENVOY) -> int:
    """`hash_balance_factor` (percent) of the gateway's cluster for rooms. Raises RuntimeError without one."""
    found = re.findall(r"hash_balance_factor:\s*([0-9]+)", _text(path))
    if len(set(found)) != 1:
        raise RuntimeError(f"{path} has {found or 'no'} hash_balance_factor: expected one")
    return int(found[0])


def _spec(path: Path, kind: str) -> Table:
    try:
        document = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise RuntimeError(f"{path} can't be read as YAML: {error}") from None
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise RuntimeError(f"{path} is no {kind}: expected one")
    return Table(document.get("spec"), f"{path.name}, spec")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RuntimeError(f"{path} can't be read: {error.strerror}") from None


def _trigger(trigger: Table) -> Metric:
    kind, metadata = trigger.text("type", ""), trigger.table("metadata")
    if kind == "cpu":
        return Metric("cpu", "Utilization", _quantity(metadata, "value"))
    if kind != "prometheus":
        raise trigger.wrong("type", "prometheus or cpu")
    query = metadata.text("query", "")
    rules = set(re.findall(r"liveroom:\w+:\w+", query))
    if len(rules) != 1 or not rules <= RULES.keys():
        raise metadata.wrong("query", f"one recording rule out of {', '.join(RULES)}")
    factor = _FACTOR.match(query)
    return Metric(
        RULES[rules.pop()],
        _type(trigger, "metricType", trigger.text("metricType", "AverageValue")),
        _quantity(metadata, "threshold") / (int(factor[1]) if factor else 1),
    )


def _metric(metric: Table) -> Metric:
    if metric.text("type", "") == "Resource":
        resource = metric.table("resource").table("target")
        return Metric("cpu", "Utilization", resource.whole("averageUtilization", 0))
    external = metric.table("external")
    named, target = external.table("metric"), external.table("target")
    names = {rule.rpartition(":")[0].replace(":", "_"): signal for rule, signal in RULES.items()}
    if named.text("name", "") not in names:
        raise named.wrong("name", f"one of {', '.join(names)}")
    kind = _type(target, "type", target.text("type", ""))
    value = _quantity(target, "averageValue" if kind == "AverageValue" else "value")
    return Metric(names[named.text("name", "")], kind, value)


def _fallback(table: Table) -> Fallback:
    behaviour = table.text("behavior", "static")
    if behaviour not in get_args(Kind):
        raise table.wrong("behavior", ", ".join(get_args(Kind)))
    return Fallback(table.whole("failureThreshold", 0), table.whole("replicas", 0), cast(Kind, behaviour))


def _type(table: Table, key: str, text: str) -> Literal["AverageValue", "Value"]:
    if text not in ("AverageValue", "Value"):
        raise table.wrong(key, "AverageValue or Value")
    return "Value" if text == "Value" else "AverageValue"


def _quantity(table: Table, key: str) -> float:
    """A Kubernetes quantity without a unit of size: "700m" is 0.7."""
    found = _QUANTITY.fullmatch(table.text(key, ""))
    if not found or not float(found[1]):
        raise table.wrong(key, 'a quantity in quotes, more than 0, such as "0.7" or "700m"')
    return float(found[1]) / (1000 if found[2] else 1)


def _behaviour(config: Table) -> Behaviour:
    if not config.has("behavior"):
        return Behaviour()
    behaviour, default = config.table("behavior"), Behaviour()
    up = _rules(behaviour.table("scaleUp"), default.up) if behaviour.has("scaleUp") else default.up
    down = _rules(behaviour.table("scaleDown"), default.down) if behaviour.has("scaleDown") else default.down
    return Behaviour(up, down)


def _rules(table: Table, default: Rules) -> Rules:
    select = table.text("selectPolicy", default.select)
    if select not in ("Max", "Min", "Disabled"):
        raise table.wrong("selectPolicy", "Max, Min or Disabled")
    rates = default.rates
    if table.has("policies"):
        rates = tuple(map(_rate, table.tables("policies")))
    tolerance = _quantity(table, "tolerance") if table.has("tolerance") else default.tolerance
    window = table.number("stabilizationWindowSeconds", default.window_s)
    return Rules(rates, window, cast(Literal["Max", "Min", "Disabled"], select), tolerance)


def _rate(table: Table) -> Rate:
    kind = table.text("type", "")
    if kind not in ("Pods", "Percent"):
        raise table.wrong("type", "Pods or Percent")
    value, period = table.whole("value", 0), table.whole("periodSeconds", 0)
    return Rate("Pods" if kind == "Pods" else "Percent", value, period)
