"""The closed loop that loads HTTP peers, against a real server."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from perf.load import http_load

MEGABYTE = bytes(range(256)) * 4096


class Handler(BaseHTTPRequestHandler):
    """Answers /echo with the body in two parts, /chunked in chunks, /slow late, /cut not to the end."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path not in ("/echo", "/chunked", "/slow", "/cut"):
            self.send_error(404, "there is nothing")
            return
        if self.path == "/slow":
            time.sleep(0.5)
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1])
        if self.path == "/cut":
            self.close_connection = True
            return
        self.wfile.write(body[1:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Counts the connections that it is asked for."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    connections = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of callers who have hung up."""

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]  # as it came


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_every_answer_is_waited_for_on_kept_connections(server: Server) -> None:
    load = http_load.measure(
        [server.server_port], http_load.request("/echo", b"x" * 64), 3, seconds=0.4, answer_bytes=64
    )
    assert (load.concurrency, load.errors, load.first_error) == (3, 0, "")
    assert load.p50_ms is not None
    assert load.p99_ms is not None
    assert 0 < load.p50_ms <= load.p99_ms < 400
    assert load.per_second == pytest.approx(3000 / load.p50_ms, rel=0.7)
    assert 0 < load.generator_cores < 2
    assert server.connections == 3


def test_bodies_of_a_megabyte_go_both_ways(server: Server) -> None:
    message = http_load.request("/echo", MEGABYTE)
    load = http_load.measure([server.server_port], message, 8, seconds=0.4, answer_bytes=len(MEGABYTE))
    assert load.errors == 0
    assert load.per_second > 20


def test_chunked_answers_end_where_they_end(server: Server) -> None:
    message = http_load.request("/chunked", b"[1.5, 2]", "application/json")
    load = http_load.measure([server.server_port], message, 2, seconds=0.2)
    assert load.errors == 0
    assert load.per_second > 20


@pytest.mark.parametrize(
    ("path", "answer_bytes", "said"),
    [("/nothing", 4, "404 there is nothing"), ("/echo", 5, "4 bytes instead of 5"), ("/cut", 4, "it ended")],
)
def test_wrong_answers_are_errors_and_not_counted(
    server: Server, path: str, answer_bytes: int, said: str
) -> None:
    message = http_load.request(path, b"abcd")
    load = http_load.measure([server.server_port], message, 2, seconds=0.2, answer_bytes=answer_bytes)
    assert load.per_second == 0
    assert (load.p50_ms, load.p99_ms) == (None, None)
    assert load.errors > 2
    assert said in load.first_error


def test_a_late_answer_is_an_error_and_holds_nobody_up(server: Server) -> None:
    began = time.perf_counter()
    message = http_load.request("/slow", b"abcd")
    load = http_load.measure([server.server_port], message, 4, seconds=0.3, limit_s=0.2)
    assert time.perf_counter() - began < 2
    assert load.errors >= 4
    assert load.first_error == "no answer in 0.2 s"


def test_no_request_is_left_behind(server: Server) -> None:
    """The next measurement would have to share the service with it."""
    began = time.perf_counter()
    load = http_load.measure([server.server_port], http_load.request("/slow", b"abcd"), 2, seconds=0.6)
    assert time.perf_counter() - began > 0.95
    assert load.per_second == pytest.approx(2 / 0.6, rel=0.3), "those that ended late were counted"


def test_a_slow_service_is_given_time_for_an_answer_to_everyone(server: Server) -> None:
    load = http_load.measure([server.server_port], http_load.request("/slow", b"abcd"), 2, seconds=0.1)
    assert load.p50_ms == pytest.approx(500, abs=200)


def test_connections_are_dealt_out_to_the_ports(server: Server) -> None:
    with Server(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        ports = [server.server_port, other.server_port]
        http_load.measure(ports, http_load.request("/echo", b"x"), 4, seconds=0.1)
        other.shutdown()
        assert (server.connections, other.connections) == (2, 2)


def test_a_service_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            http_load.measure([unused.getsockname()[1]], http_load.request("/", b""), 1, seconds=5)
