"""Policies of what runs: rolls without a gap, drains, is spread, ends, and is scaled by one thing only."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from k8s.kubectl import Manifest, named
from k8s.policies.objects import containers, of_kind, pod, pod_labels, selects, sidecars

LONGEST_SEGMENT_S = 12
"""What a room may have under way when its replica is told to end: `captions` cuts segments there."""


def check(manifests: Sequence[Manifest], secrets: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is wrong with Deployments, Jobs and autoscalers."""
    for deployment in of_kind(manifests, "Deployment"):
        yield from (f"{named(deployment)}: {said}" for said in _deployment(deployment, manifests))
    for job in of_kind(manifests, "Job"):
        for bound in ("activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"):
            if bound not in job["spec"]:
                yield f"{named(job)}: has no {bound}"
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        spec = budget["spec"]
        if spec.get("maxUnavailable") in (0, "0%") or spec.get("minAvailable") == "100%":
            yield f"{named(budget)}: no node can ever be drained: let one pod go"
        elif not str(spec.get("maxUnavailable", spec.get("minAvailable"))).endswith("%"):
            yield f"{named(budget)}: a number of pods does not grow with them: give a percentage"
    yield from _scaled(manifests)


def _scaled(manifests: Sequence[Manifest]) -> Iterator[str]:
    scalers = list(of_kind(manifests, "ScaledObject", "HorizontalPodAutoscaler"))
    targets = Counter(scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers)
    for name, count in targets.items():
        if count > 1:
            yield f"Deployment {name}: {count} autoscalers pull it to and fro: keep one"
    for deployment in of_kind(manifests, "Deployment"):
        if "replicas" in deployment["spec"] and deployment["metadata"]["name"] in targets:
            yield f"{named(deployment)}: each apply undoes what its autoscaler did: remove replicas"
    for scaler in scalers:
        spec, namespace = scaler["spec"], scaler["metadata"].get("namespace", "default")
        if spec.get("minReplicaCount", spec.get("minReplicas", 1)) < 2:
            yield f"{named(scaler)}: may leave one pod, with which all goes: keep at least two"
        for trigger in spec.get("triggers", []):
            if f'namespace="{namespace}"' not in trigger["metadata"].get("query", ""):
                yield f"{named(scaler)}: does not ask for what is in its namespace {namespace}"


def _deployment(deployment: Manifest, manifests: Sequence[Manifest]) -> Iterator[str]:
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate", {})
    if rolling.get("maxUnavailable") != 0:
        yield "an update takes replicas away first: set maxUnavailable to 0"
    if not any("startupProbe" in container for container in containers(deployment)):
        yield "has no startupProbe: a slow start would be taken for a failure"
    budgets = of_kind(manifests, "PodDisruptionBudget")
    if not any(selects(budget["spec"]["selector"], pod_labels(deployment)) for budget in budgets):
        yield "has no PodDisruptionBudget"
    if not pod(deployment).get("topologySpreadConstraints"):
        yield "may run on one node alone: give it topologySpreadConstraints"
    if "priorityClassName" not in pod(deployment):
        yield "goes first where a node is short of room: give it a priorityClassName"
    yield from _drained(deployment)


def _drained(deployment: Manifest) -> Iterator[str]:
    grace = pod(deployment).get("terminationGracePeriodSeconds", 30)
    if not any("preStop" in container.get("lifecycle", {}) for container in pod(deployment)["containers"]):
        yield "ends while it is still sent requests: give it a preStop"
    for container in pod(deployment)["containers"]:
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        options = [
            argument for argument in container.get("args", []) if argument.startswith("--exit-timeout-secs=")
        ]
        for option in options:
            drain = int(option.partition("=")[2])
            if drain <= LONGEST_SEGMENT_S:
                yield f"drains for {drain} s: a segment may take {LONGEST_SEGMENT_S} s"
            if grace <= pause + drain:
                yield f"is killed after {grace} s: preStop and drain take {pause + drain} s"
        if not options and grace <= pause:
            yield f"is killed after {grace} s: preStop takes {pause} s"
    probes = (container.get("readinessProbe", {}) for container in pod(deployment)["containers"])
    asked = {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe}
    for sidecar in sidecars(deployment):
        answers = any(asked & {port["containerPort"], port.get("name")} for port in sidecar.get("ports", []))
        if answers and "preStop" not in sidecar.get("lifecycle", {}):
            yield f"its sidecar {sidecar['name']} says that it is ready until it has ended: give it a preStop"
