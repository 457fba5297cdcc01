"""Where a server says how it is: for how many at a time."""

from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import yaml

from server.readiness import Readiness

BASE = Path(__file__).parents[2] / "k8s" / "base" / "gateway"


def test_every_gateway_keeps_its_connections() -> None:
    """One for each cluster with health checks, of as many gateways as there may be; and two more."""
    clusters = yaml.safe_load((BASE / "envoy.yaml").read_text())["static_resources"]["clusters"]
    scaling = yaml.safe_load_all((BASE / "scaling.yaml").read_text())
    (gateways,) = [each["spec"]["maxReplicas"] for each in scaling if "maxReplicas" in each["spec"]]
    count = gateways * sum("health_checks" in each for each in clusters) + 2
    ready = Readiness(0)
    with ExitStack() as stack:
        stack.callback(ready.close)
        kept = [HTTPConnection("127.0.0.1", ready.port, timeout=5) for _ in range(count)]
        for connection in kept:
            stack.callback(connection.close)
        for _ in range(2):
            for connection in kept:
                connection.request("GET", "/ready")
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (503, b"starting\n")
