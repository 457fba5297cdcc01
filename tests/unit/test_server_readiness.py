"""Where a server says how it is: for how many at a time, and for how long."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml

from server import ServerError, launch, readiness
from server.launch import pick_port, pick_ports
from server.readiness import CONNECTIONS, REQUEST_BYTES, Readiness
from tests.waiting import until

BASE = Path(__file__).parents[2] / "k8s" / "base" / "gateway"


@pytest.fixture
def port() -> Iterator[int]:
    ready = Readiness(0)
    yield ready.port
    ready.close()


@pytest.mark.parametrize("number", [-1, 65_536])
def test_no_port_at_all_is_said(number: int) -> None:
    with pytest.raises(ServerError, match=f"ready port {number} on 127.0.0.1 can't be used .* 0-65535"):
        Readiness(number)
    with pytest.raises(ServerError, match=f"gRPC port {number} on 127.0.0.1 can't be used .* 0-65535"):
        pick_port(number, "127.0.0.1", "gRPC")


def test_every_gateway_keeps_its_connections(port: int) -> None:
    """One for each cluster with health checks, of as many gateways as there may be; and two more."""
    clusters = yaml.safe_load((BASE / "envoy.yaml").read_text())["static_resources"]["clusters"]
    scaling = yaml.safe_load_all((BASE / "scaling.yaml").read_text())
    (gateways,) = [each["spec"]["maxReplicas"] for each in scaling if "maxReplicas" in each["spec"]]
    count = gateways * sum("health_checks" in each for each in clusters) + 2
    with ExitStack() as stack:
        kept = [HTTPConnection("127.0.0.1", port, timeout=5) for _ in range(count)]
        for connection in kept:
            stack.callback(connection.close)
        for _ in range(2):
            for connection in kept:
                connection.request("GET", "/ready")
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (503, b"starting\n")


def test_who_asks_nothing_gives_way_to_who_does(port: int) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connected(port)) for _ in range(CONNECTIONS)]
        for connection in idle:
            connection.sendall(b"GET /re")
        asking = HTTPConnection("127.0.0.1", port, timeout=5)
        stack.callback(asking.close)
        asking.request("GET", "/ready")
        assert asking.getresponse().status == 503
        assert until(lambda: any(closed(connection) for connection in idle), 1)


def test_a_request_that_comes_byte_by_byte_is_broken_off(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "IDLE_S", 0.2)
    with connected(port) as slow:

        def refused() -> bool:
            with suppress(BrokenPipeError, ConnectionResetError):
                slow.sendall(b"x")
            return closed(slow)

        assert until(refused, 2)


def test_of_a_long_request_no_more_is_kept(port: int) -> None:
    with connected(port) as talker, suppress(BrokenPipeError, ConnectionResetError):
        talker.sendall(
            b"GET /ready HTTP/1.1\r\n" + (b"x: " + b"y" * 995 + b"\r\n") * (REQUEST_BYTES // 1000 + 1)
        )
        assert talker.recv(100).startswith(b"HTTP/1.1 503 ")  # though its end never came


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_no_two_ports_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    free = iter([5, 5, 9, 5, 9, 7])
    monkeypatch.setattr(launch, "pick_port", lambda wanted, bind, purpose: wanted or next(free))
    found = pick_ports({"gRPC": 0, "metrics": 0, "HTTP": None, "ready": 9}, "127.0.0.1")
    assert found == {"gRPC": 5, "metrics": 7, "HTTP": None, "ready": 9}


def test_one_port_for_two_purposes_is_refused_and_both_are_named() -> None:
    (free,) = pick_ports({"one": 0}, "127.0.0.1").values()
    with pytest.raises(ServerError, match=f"metrics port {free} .*it is the grpc port too"):
        pick_ports({"gRPC": free, "metrics": free}, "127.0.0.1")
