"""What every overlay has to keep to beyond its schemas: `violations` says in sentences where one does not."""

from collections.abc import Mapping, Sequence

from k8s.kubectl import Manifest
from k8s.policies import network, pods, references, workloads

CHECKS = (pods.check, workloads.check, references.check, network.check)


def violations(manifests: Sequence[Manifest], secrets: Mapping[str, Sequence[str]]) -> list[str]:
    """Sentences about the objects of one overlay, none when all is well.

    Args:
        manifests: the objects.
        secrets: those the installation makes by hand, with their keys, so that they may be referred to.
    """
    return [said for check in CHECKS for said in check(manifests, secrets)]
