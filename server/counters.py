"""Triton's counters of requests, model by model, out of its metrics."""

import re
from dataclasses import dataclass

from server.loopback import opened

_TIMEOUT_S = 1.0
_SAMPLE = re.compile(r"^nv_inference_(\w+)\{(.*?)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_BY_CLIENTS = ("CANCELED", "REJECTED")
"""Reasons of failures that say nothing of the model: the client went, or the queue was full."""


@dataclass
class Counts:
    """Of one model: requests it has answered, requests it has failed at, and requests that wait now."""

    answered: int = 0
    failed: int = 0
    waiting: int = 0


def read(url: str) -> dict[str, Counts]:
    """The counts of every model; nothing where the metrics don't answer.

    url: of Triton's metrics. Of an ensemble `waiting` means nothing: its requests wait in its steps.
    """
    try:
        with opened(url, _TIMEOUT_S) as response:
            page = response.read().decode()
    except OSError:
        return {}
    return parse(page)


def parse(page: str) -> dict[str, Counts]:
    """The counts in a page of metrics, all versions of a model together."""
    counts: dict[str, Counts] = {}
    for name, labels, value in _SAMPLE.findall(page):
        label = dict(_LABEL.findall(labels))
        model = counts.setdefault(label.get("model", ""), Counts())
        match name:
            case "request_success":
                model.answered += int(float(value))
            case "request_failure" if label.get("reason") not in _BY_CLIENTS:
                model.failed += int(float(value))
            case "pending_request_count":
                model.waiting += int(float(value))
    return counts
