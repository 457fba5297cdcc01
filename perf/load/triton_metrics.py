"""Triton's own Prometheus metrics, as an autoscaler would read them."""

import http.client
from collections.abc import Container
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

PENDING = "nv_inference_pending_request_count"
_TIMEOUT_S = 2.0


def pending(url: str, ensembles: Container[str] = ()) -> float | None:
    """Requests that wait in the queues of all models at this moment; None where the server doesn't say.

    Args:
        url: of the metrics endpoint, http.
        ensembles: models to leave out, whose number means nothing.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", parts.path)
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    families = (family for family in text_string_to_metric_families(text) if family.name == PENDING)
    samples = [sample for family in families for sample in family.samples]
    return sum(sample.value for sample in samples if sample.labels["model"] not in ensembles)
