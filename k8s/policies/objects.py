"""Ways through rendered objects that several policies take."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from k8s.kubectl import Manifest

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
_DECIMAL = {
    unit: 1000.0**power for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}
_BINARY = {f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)}
_UNITS = _DECIMAL | _BINARY


def quantity(text: str | float) -> float:
    """An amount as Kubernetes writes it: "4Gi" of memory in bytes, "500m" of a core.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"([\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)", str(text))
    if not found or found[2] not in _UNITS:
        raise ValueError(f"'{text}' is no quantity")
    return float(found[1]) * _UNITS[found[2]]


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


def sidecars(workload: Manifest) -> list[dict[str, Any]]:
    """Its native sidecars: they start before its containers, run beside them, and end after them."""
    return [
        container
        for container in pod(workload).get("initContainers", [])
        if container.get("restartPolicy") == "Always"
    ]


def pod_labels(workload: Manifest) -> Mapping[str, str]:
    """The labels of a workload's pods."""
    labels: Mapping[str, str] = workload["spec"]["template"].get("metadata", {}).get("labels", {})
    return labels


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector's labels are all among `labels`; one without any selects everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def selected(selector: Mapping[str, Any], manifests: Sequence[Manifest]) -> list[Manifest]:
    """The workloads whose pods a selector picks."""
    return [
        candidate for candidate in of_kind(manifests, *WORKLOADS) if selects(selector, pod_labels(candidate))
    ]


def ports(workload: Manifest) -> dict[str, int]:
    """The ports that a workload's containers declare, by name, or by number where they have none."""
    declared = (port for container in containers(workload) for port in container.get("ports", []))
    return {port.get("name", str(port["containerPort"])): port["containerPort"] for port in declared}
