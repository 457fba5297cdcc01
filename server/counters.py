"""Triton's counters of requests, model by model, out of its metrics."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from server.loopback import opened

_TIMEOUT_S = 1.0
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

    Of an ensemble `waiting` means nothing: its requests wait in its steps.

    Args:
        url: of Triton's metrics.
    """
    try:
        with opened(url, _TIMEOUT_S) as response:
            return parse(response.read().decode())
    except (OSError, ValueError):  # ValueError: no metrics at all
        return {}


def parse(page: str) -> dict[str, Counts]:
    """The counts in a page of metrics, all versions of a model together.

    Raises:
        ValueError: it is no page of metrics.
    """
    counts: dict[str, Counts] = {}
    for family in text_string_to_metric_families(page):
        if not family.name.startswith("nv_inference_"):
            continue
        for sample in family.samples:
            model = counts.setdefault(sample.labels.get("model", ""), Counts())
            match family.name.removeprefix("nv_inference_"):
                case "request_success":
                    model.answered += int(sample.value)
                case "request_failure" if sample.labels.get("reason") not in _BY_CLIENTS:
                    model.failed += int(sample.value)
                case "pending_request_count":
                    model.waiting += int(sample.value)
    return counts
