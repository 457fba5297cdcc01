"""Policies of what is applied for clients: nothing left to fill in, nothing that can be moved, fair."""

import base64
import json
import re
from collections.abc import Iterator, Sequence

from k8s.kubectl import Manifest, named
from k8s.policies.objects import WORKLOADS, containers, of_kind, pod

_PLACEHOLDER = re.compile(
    r"(?<![\w-])(?:(?:[\w-]+\.)*example(?:\.(?:com|net|org))?|(?:[\w-]+\.)+invalid)(?![\w-])"
    r"|change-?me|<[a-z][\w -]*>",
    re.IGNORECASE,
)
"""Names that RFC 2606 keeps for documentation, and what people write where a value is missing."""

_LINK = re.compile(r"https?://[^\s#/]+/[^\s#]*#[^\s#]+")
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")


def unfit(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Why the objects of one overlay are not fit for release, in sentences."""
    for manifest in manifests:
        for found in sorted({match[0] for match in _PLACEHOLDER.finditer(_settings(manifest))}):
            yield f"{named(manifest)}: '{found}' is a placeholder: put in yours"
    for workload in of_kind(manifests, *WORKLOADS):
        for image in sorted(set(_images(workload))):
            if not _DIGEST.fullmatch(image):
                yield f"{named(workload)}: image {image} can be moved: name its digest (@sha256:...)"
    for rules in of_kind(manifests, "PrometheusRule"):
        for alert in (
            rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule
        ):
            read = alert.get("annotations", {}).get("runbook_url", "")
            if not _LINK.fullmatch(read):
                yield f"{named(rules)}: runbook_url of {alert['alert']} is '{read}': give a URL and #section"
    for config in of_kind(manifests, "ConfigMap"):
        share = config.get("data", {}).get("tenant-share")
        if share is not None and not _fair(share):
            yield f"{named(config)}: tenant-share {share} is not fair: more than 0 and less than 1, as 0.5"


def _settings(manifest: Manifest) -> str:
    """All that is set in an object, what a Secret keeps in base64 as it is read."""
    kept = manifest.get("data", {}).values() if manifest["kind"] == "Secret" else ()
    read = [base64.b64decode(value).decode(errors="replace") for value in kept]
    return json.dumps([manifest, read], ensure_ascii=False)


def _images(workload: Manifest) -> Iterator[str]:
    yield from (container["image"] for container in containers(workload))
    for volume in pod(workload).get("volumes", []):
        if "image" in volume:
            yield volume["image"]["reference"]


def _fair(share: str) -> bool:
    try:
        return 0 < float(share) < 1
    except ValueError:
        return False
