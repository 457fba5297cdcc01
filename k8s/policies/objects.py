"""Ways through rendered objects that several policies take."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8s.kubectl import Manifest

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> Iterator[Manifest]:
    """Those of the kinds named."""
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def pod(workload: Manifest) -> dict[str, Any]:
    """The specification of a workload's pods."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Manifest) -> list[dict[str, Any]]:
    """A workload's containers, those that run before it included."""
    return [*pod(workload).get("initContainers", []), *pod(workload)["containers"]]


def pod_labels(workload: Manifest) -> Mapping[str, str]:
    """The labels of a workload's pods."""
    labels: Mapping[str, str] = workload["spec"]["template"]["metadata"].get("labels", {})
    return labels


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector's labels are all among `labels`; one without any selects everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def selected(selector: Mapping[str, Any], manifests: Sequence[Manifest]) -> list[Manifest]:
    """The workloads whose pods a selector picks."""
    return [each for each in of_kind(manifests, *WORKLOADS) if selects(selector, pod_labels(each))]


def ports(workload: Manifest) -> dict[str, int]:
    """The ports that a workload's containers declare, by name."""
    declared = (port for container in containers(workload) for port in container.get("ports", []))
    return {port["name"]: port["containerPort"] for port in declared}
