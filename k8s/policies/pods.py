"""Policies of pods and containers: confined, bounded, pinned and watched."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from k8s.kubectl import Manifest, named
from k8s.policies.objects import WORKLOADS, containers, of_kind, pod, quantity, sidecars

_PROBES = ("livenessProbe", "readinessProbe")
_UNSEEN = ("Pod", "ReplicaSet", "ReplicationController", "CronJob")
_ENFORCE = "pod-security.kubernetes.io/enforce"
OLDEST = (26, 7)
"""Of NVIDIA's releases: ensembles whose branches hang and the holes of 2025-26 are mended by then."""


def check(manifests: Sequence[Manifest], secrets: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is wrong with pods."""
    for namespace in of_kind(manifests, "Namespace"):
        if namespace["metadata"].get("labels", {}).get(_ENFORCE) != "restricted":
            yield f"{named(namespace)}: lets pods do anything: set the label {_ENFORCE} to restricted"
    for other in of_kind(manifests, *_UNSEEN):
        yield f"{named(other)}: no policy looks into this kind: make it one of {', '.join(WORKLOADS)}"
    for workload in of_kind(manifests, *WORKLOADS):
        yield from (f"{named(workload)}: {said}" for said in _pod(pod(workload)))
        for container in containers(workload):
            where = f"{named(workload)}, container {container['name']}"
            said = [*_confined(container), *_bounded(container), *_pinned(container.get("image", ""))]
            stays = container in [*pod(workload)["containers"], *sidecars(workload)]
            if workload["kind"] != "Job" and stays:
                said += _watched(container)
            if not stays and any(probe in container for probe in _PROBES):
                said.append("ends before the others begin, and yet has probes: set restartPolicy to Always")
            yield from (f"{where}: {fault}" for fault in said)


def _pod(spec: Mapping[str, Any]) -> Iterator[str]:
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        yield "may run as root: set runAsNonRoot and a runAsUser other than 0"
    if 0 in (security.get("runAsGroup", 0), security.get("fsGroup", 1)):
        yield "is in root's group: set runAsGroup to another one"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile: set RuntimeDefault"
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(host):
            yield f"shares the node's {host.removeprefix('host')}: remove {host}"
    if spec.get("automountServiceAccountToken") is not False:
        yield "mounts a token of the API server: set automountServiceAccountToken to false"
    for volume in spec.get("volumes", []):
        yield from (f"volume {volume['name']} {said}" for said in _volume(volume))
        yield from _in_memory(volume, spec["containers"])


def _volume(volume: Mapping[str, Any]) -> Iterator[str]:
    if "hostPath" in volume:
        yield "is a folder of the node: remove hostPath"
    if "emptyDir" in volume and not (volume["emptyDir"] or {}).get("sizeLimit"):
        yield "is not bounded: give emptyDir a sizeLimit"
    if "image" in volume:
        yield from _pinned(volume["image"].get("reference", ""))


def _in_memory(volume: Mapping[str, Any], users: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Memory that a volume takes counts as that of the containers which write to it."""
    empty = volume.get("emptyDir") or {}
    if empty.get("medium") == "Memory" and "sizeLimit" in empty:
        for user in users:
            mounted = any(mount["name"] == volume["name"] for mount in user.get("volumeMounts", []))
            limit = user.get("resources", {}).get("limits", {}).get("memory")
            if mounted and limit and quantity(empty["sizeLimit"]) > quantity(limit) / 2:
                yield f"volume {volume['name']} may take over half of the memory of container {user['name']}"


def _confined(container: Mapping[str, Any]) -> Iterator[str]:
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield "may gain privileges: set allowPrivilegeEscalation to false"
    if security.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image: set readOnlyRootFilesystem"
    capabilities = security.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "keeps capabilities: drop ALL and add none"
    if security.get("seccompProfile", {}).get("type", "RuntimeDefault") != "RuntimeDefault":
        yield "has a seccomp profile of its own: remove it"
    if security.get("runAsNonRoot") is False or security.get("runAsUser", 1) == 0:
        yield "runs as root though its pod does not"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node: remove hostPort"
    for variable in container.get("env", []):
        if "value" in variable and re.search(r"KEY|TOKEN|SECRET|PASSWORD", variable["name"]):
            yield f"has {variable['name']} in its manifest: take it from a Secret"


def _bounded(container: Mapping[str, Any]) -> Iterator[str]:
    resources = container.get("resources", {})
    for name in ("cpu", "memory", "ephemeral-storage"):
        for bound in ("requests", "limits"):
            if not resources.get(bound, {}).get(name):
                yield f"has no {name} in resources.{bound}"


def _pinned(image: str) -> Iterator[str]:
    tag = image.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in image and tag in ("", "latest"):
        yield f"image '{image}' may change under it: give it a tag other than latest, or a digest"
    release = re.search(r"triton(?:server)?:(?:.*-)?(\d\d)\.(\d\d)\b", image)
    if release and (int(release[1]), int(release[2])) < OLDEST:
        yield f"image '{image}' is of a release older than {OLDEST[0]}.{OLDEST[1]:02}"


def _watched(container: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"has no {probe}" for probe in _PROBES if probe not in container)
    if "livenessProbe" in container and "terminationGracePeriodSeconds" not in container["livenessProbe"]:
        yield "is given time to drain when it hangs: set terminationGracePeriodSeconds of its livenessProbe"
