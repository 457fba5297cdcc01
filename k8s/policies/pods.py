"""Policies of pods and containers: confined, bounded, pinned and watched."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s.kubectl import Manifest, named
from k8s.policies.objects import WORKLOADS, containers, of_kind, pod

_PROBES = ("livenessProbe", "readinessProbe")


def check(manifests: Sequence[Manifest], secrets: frozenset[str]) -> Iterator[str]:
    """What is wrong with pods."""
    for workload in of_kind(manifests, *WORKLOADS):
        yield from (f"{named(workload)}: {said}" for said in _pod(pod(workload)))
        for container in containers(workload):
            where = f"{named(workload)}, container {container['name']}"
            said = [*_confined(container), *_bounded(container), *_pinned(container.get("image", ""))]
            if workload["kind"] != "Job":
                said += _watched(container)
            yield from (f"{where}: {each}" for each in said)


def _pod(spec: Mapping[str, Any]) -> Iterator[str]:
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        yield "may run as root: set runAsNonRoot and a runAsUser other than 0"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile: set RuntimeDefault"
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(host):
            yield f"shares the node's {host.removeprefix('host')}: remove {host}"
    if spec.get("automountServiceAccountToken") is not False:
        yield "mounts a token of the API server: set automountServiceAccountToken to false"
    for volume in spec.get("volumes", []):
        yield from (f"volume {volume['name']} {said}" for said in _volume(volume))


def _volume(volume: Mapping[str, Any]) -> Iterator[str]:
    if "hostPath" in volume:
        yield "is a folder of the node: remove hostPath"
    if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
        yield "is not bounded: give emptyDir a sizeLimit"
    if "image" in volume:
        yield from _pinned(volume["image"].get("reference", ""))


def _confined(container: Mapping[str, Any]) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield "may gain privileges: set allowPrivilegeEscalation to false"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image: set readOnlyRootFilesystem"
    capabilities = security.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "keeps capabilities: drop ALL and add none"
    if security.get("runAsNonRoot") is False or security.get("runAsUser", 1) == 0:
        yield "runs as root though its pod does not"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node: remove hostPort"


def _bounded(container: Mapping[str, Any]) -> Iterator[str]:
    resources = container.get("resources", {})
    for name in ("cpu", "memory"):
        for bound in ("requests", "limits"):
            if not resources.get(bound, {}).get(name):
                yield f"has no {name} in resources.{bound}"


def _pinned(image: str) -> Iterator[str]:
    tag = image.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in image and tag in ("", "latest"):
        yield f"image '{image}' may change under it: give it a tag other than latest, or a digest"


def _watched(container: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"has no {probe}" for probe in _PROBES if probe not in container)
