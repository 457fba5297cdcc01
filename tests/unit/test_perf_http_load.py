"""The closed loop that loads HTTP peers, against a real server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from perf.__main__ import main
from perf.load import http_load


class Echo(BaseHTTPRequestHandler):
    """Answers /echo with the body, in two parts, and all else with 404."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/echo":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:1])
        self.wfile.write(body[1:])
        self.server.answered = getattr(self.server, "answered", 0) + 1  # type: ignore[attr-defined]  # our counter

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_every_answer_is_waited_for(server: ThreadingHTTPServer) -> None:
    load = http_load.measure(server.server_port, "/echo", b"x" * 64, 3, seconds=0.5)
    answered = getattr(server, "answered", 0)
    assert load.concurrency == 3
    assert answered - 3 <= load.per_second * 0.5 * 1.2
    assert 0 < load.p50_ms <= load.p95_ms <= load.p99_ms


def test_errors_are_not_counted_as_answers(server: ThreadingHTTPServer) -> None:
    with pytest.raises(RuntimeError, match="404"):
        http_load.measure(server.server_port, "/nothing", b"x", 1, seconds=0.5)


def test_the_measurements_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "overhead" in capsys.readouterr().out
