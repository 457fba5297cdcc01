"""The rendered overlays, each rendered once, and ways to break a copy of them."""

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

from k8s.kubectl import K8S, Manifest, render
from k8s.policies.objects import containers


@cache
def _rendered(overlay: str) -> list[Manifest]:
    return render(K8S / "overlays" / overlay)


def rendered(overlay: str) -> list[Manifest]:
    """The overlay's objects, the caller's to change."""
    return copy.deepcopy(_rendered(overlay))


def the(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest:
    """The one object of that kind and name; a ConfigMap's may go on with a hash."""
    [found] = [
        each
        for each in manifests
        if each["kind"] == kind
        and (
            each["metadata"]["name"] == name
            or (each["metadata"]["name"].startswith(f"{name}-") and "data" in each)
        )
    ]
    return found


def pod(manifests: Sequence[Manifest], name: str, kind: str = "Deployment") -> dict[str, Any]:
    """The specification of a workload's pods."""
    spec: dict[str, Any] = the(manifests, kind, name)["spec"]["template"]["spec"]
    return spec


def container(
    manifests: Sequence[Manifest], workload: str, name: str, kind: str = "Deployment"
) -> dict[str, Any]:
    """One container of a workload, or one that runs before or beside them."""
    found: dict[str, Any]
    [found] = [each for each in containers(the(manifests, kind, workload)) if each["name"] == name]
    return found
