"""The endpoint that says how a server is: /ready for balancers, /live for restarts, /metrics for people."""

import contextlib
import io
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from server.errors import unusable_port
from server.health_monitor import HealthMonitor

CONNECTIONS = 128
"""At a time: three of each of up to 20 gateways, one for each of its clusters; a kubelet, Prometheus. One
more takes the place of the one that has asked nothing for longest."""
IDLE_S = 30.0
"""A connection on which nothing has been asked in full for so long is closed."""
REQUEST_BYTES = 16 * 2**10
"""What is read of a request; http.server itself would keep 6.4 MB."""
_POLL_S = 0.1


class Readiness:
    """GET /ready: 200, or 503 and one sentence. GET /live: 503 once a restart is what would help.

    GET /ready/MODEL: the same for rooms that need this one only, where it is one that is asked by itself.
    GET /metrics: `liveroom_ready`, which models are out of service, and of each that is asked how often it
    failed and how long it took.

    It says "starting" until it is told to `follow` a server. port: 0 picks a free one.

    Raises:
        ServerError: the port can't be used.
    """

    def __init__(self, port: int, bind: str = "127.0.0.1") -> None:
        self._monitor: HealthMonitor | None = None
        self._ending = ""
        try:
            self._server = _Server((bind, port), self)
        except (OSError, OverflowError) as error:
            raise unusable_port("ready", port, bind, error) from error
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True).start()

    def follow(self, monitor: HealthMonitor) -> None:
        """From now on the answers are those of `monitor`, which begins to ask."""
        self._monitor = monitor
        monitor.start()

    def wrong(self, name: str = "") -> str:
        """Why no requests should come, of one model or of any, in one sentence; "" when they should."""
        return self._ending or ("starting" if self._monitor is None else self._monitor.wrong(name))

    def live(self) -> bool:
        """Whether a restart would not help; a server that has not started yet is given its time."""
        return self._monitor is None or self._monitor.live()

    def metrics(self) -> str:
        """In Prometheus' text format."""
        lines = ["# TYPE liveroom_ready gauge", f"liveroom_ready {int(not self.wrong())}"]
        targets = [] if self._monitor is None else self._monitor.targets
        missing = [] if self._monitor is None else sorted(self._monitor.out_of_service())
        lines.append("# TYPE liveroom_model_out_of_service gauge")
        lines += [f'liveroom_model_out_of_service{{model="{name}"}} 1' for name in missing]
        lines.append("# TYPE liveroom_canary_failures_total counter")
        lines += [
            f'liveroom_canary_failures_total{{model="{target.name}"}} {target.failures}' for target in targets
        ]
        lines.append("# TYPE liveroom_canary_seconds gauge")
        lines += [
            f'liveroom_canary_seconds{{model="{target.name}"}} {target.seconds:.4f}' for target in targets
        ]
        return "\n".join(lines)

    def end(self) -> None:
        """The server is about to end: not ready, at once."""
        self._ending = "ending: requests in flight are finished"

    def close(self) -> None:
        """Frees the port."""
        if self._monitor is not None:
            self._monitor.stop()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """With a bound on connections, which servers of others lack.

    aiohttp 3.14 and hypercorn 0.18 accept silent connections until no file can be opened, and aiohttp then
    answers nobody.
    """

    daemon_threads = True
    request_queue_size = CONNECTIONS  # they may all come at once

    def __init__(self, address: tuple[str, int], readiness: Readiness) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.readiness = readiness
        self._since: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)

    def awaits(self, connection: socket.socket) -> None:
        """From now on the next request of `connection` is due."""
        self.leaves(connection)
        self._since[connection] = time.monotonic()  # behind all others
        oldest, *others = self._since.copy()
        if len(others) >= CONNECTIONS:
            self._break_off(oldest)

    def leaves(self, connection: socket.socket) -> None:
        """It counts no more."""
        self._since.pop(connection, None)

    def service_actions(self) -> None:
        """Several times a second: the time-out of a socket would begin anew with every byte."""
        late = time.monotonic() - IDLE_S
        for connection, since in list(self._since.items()):
            if since < late:
                self._break_off(connection)

    def handle_error(
        self, request: "socket.socket | tuple[bytes, socket.socket]", client_address: object
    ) -> None:
        """Says nothing of those who went."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def _break_off(self, connection: socket.socket) -> None:
        """Wakes the thread that reads from it."""
        self.leaves(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # balancers keep their connection
    server_version, sys_version = "liveroom", ""
    server: _Server

    def setup(self) -> None:
        """Opens the connection's files."""
        super().setup()
        self._input = self.rfile

    def handle(self) -> None:
        """Serves the connection."""
        try:
            super().handle()
        finally:
            self.server.leaves(self.connection)

    def handle_one_request(self) -> None:
        """Waits for a request and answers it."""
        self.server.awaits(self.connection)
        self.rfile = _Lines(self._input)
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answers /ready and /live."""
        readiness = self.server.readiness
        question, _, name = self.path.removeprefix("/").partition("/")
        wrong = readiness.wrong(name)
        if question == "ready":
            self._say(503 if wrong else 200, wrong or "ready")
        elif self.path == "/live":
            live = readiness.live()
            self._say(200 if live else 503, "live" if live else wrong)
        elif self.path == "/metrics":
            self._say(200, readiness.metrics())
        else:
            self._say(404, "there is /ready, /live and /metrics")

    def _say(self, code: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as http.server names it
        """Says nothing: probes come several times a second."""


class _Lines(io.BufferedIOBase):
    """The first lines of a file, and no more of them than REQUEST_BYTES."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self._left = REQUEST_BYTES

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next one, whatever its `size`, or nothing."""
        line = self._file.readline(self._left)
        self._left -= len(line)
        return line
