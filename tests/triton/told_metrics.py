"""What a server's /metrics tells, and what rules and dashboard ask for."""

import re
import time
import urllib.request

from cluster.prometheus import PROMETHEUS_RULE
from k8s import dashboard
from server import Triton

TOLD_S = 2.2
"""Seconds after which what was counted is in /metrics: models report once a second."""


def told(triton: Triton, **labels: str) -> dict[str, float]:
    """The sum of each name's series with these labels, once all has been told."""
    time.sleep(TOLD_S)
    with urllib.request.urlopen(triton.metrics, timeout=5) as page:  # noqa: S310 - of our own server
        series = re.findall(r"^(\w+)({.*})? (\S+)$", page.read().decode(), re.MULTILINE)
    found: dict[str, float] = {}
    for name, written, value in series:
        if all(f'{label}="{wanted}"' in written for label, wanted in labels.items()):
            found[name] = found.get(name, 0.0) + float(value)
    return found


def asked(prefix: str) -> set[str]:
    """The names that begin with `prefix` in rules and dashboard."""
    text = PROMETHEUS_RULE.read_text(encoding="utf-8") + " ".join(dashboard.expressions())
    names = set(re.findall(rf"\b{prefix}\w*", text))
    assert names, f"nobody asks for {prefix}"
    return names
