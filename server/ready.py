"""`python -m server.ready`: whether a Triton answers, over HTTP: /ready for balancers, /live for restarts.

`Readiness` is the endpoint. In a pod this runs as a container of its own beside Triton; the embedded server
has it inside (`python -m server --ready-port N`).
"""

import argparse
import json
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from server.errors import ServerError
from server.pulse import Pulse
from server.repository import Repository

CONNECTIONS = 32
"""At a time; a balancer and a kubelet need two."""
IDLE_S = 30.0
"""A connection on which nothing is asked for so long is closed."""
_TICK_S = 0.2


class Readiness:
    """GET /ready: 200, or 503 and one sentence. GET /live: 503 once a restart is what would help.

    It says "starting" until it is told to `follow` a server. port: 0 picks a free one.
    Raises ServerError when the port can't be used.
    """

    def __init__(self, port: int, bind: str = "127.0.0.1") -> None:
        self._pulse: Pulse | None = None
        self._ending = ""
        try:
            self._server = _Server((bind, port), self)
        except OSError as error:
            raise ServerError(
                f"ready port {port} on {bind} can't be used ({(error.strerror or str(error)).lower()}):"
                " stop what listens there or choose another port (0 picks a free one)"
            ) from error
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(_TICK_S,), daemon=True).start()

    def follow(self, pulse: Pulse) -> None:
        """From now on the answers are those of `pulse`, which begins to ask."""
        self._pulse = pulse
        pulse.start()

    def wrong(self) -> str:
        """Why no requests should come, in one sentence; "" when they should."""
        return self._ending or ("starting" if self._pulse is None else self._pulse.wrong())

    def live(self) -> bool:
        """Whether a restart would not help; a server that has not started yet is given its time."""
        return self._pulse is None or self._pulse.live()

    def end(self) -> None:
        """The server is about to end: not ready, at once."""
        self._ending = "ending: requests in flight are finished"

    def close(self) -> None:
        """Frees the port."""
        if self._pulse is not None:
            self._pulse.stop()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], readiness: Readiness) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.readiness = readiness
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request_thread(
        self, request: "socket.socket | tuple[bytes, socket.socket]", client: object
    ) -> None:
        """Serves a connection, unless there are too many."""
        if self._free.acquire(blocking=False):
            try:
                super().process_request_thread(request, client)
            finally:
                self._free.release()
        else:
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # balancers keep their connection
    server_version, sys_version = "liveroom", ""
    timeout = IDLE_S
    server: _Server

    def do_GET(self) -> None:
        """Answers /ready and /live."""
        readiness = self.server.readiness
        wrong = readiness.wrong()
        if self.path == "/ready":
            self._say(503 if wrong else 200, wrong or "ready")
        elif self.path == "/live":
            live = readiness.live()
            self._say(200 if live else 503, "live" if live else wrong)
        else:
            self._say(404, "there is /ready and /live")

    def _say(self, code: int, sentence: str) -> None:
        body = f"{sentence}\n".encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as http.server names it
        """Says nothing: probes come several times a second."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m server.ready", description=__doc__)
    add = arguments.add_argument
    add("--grpc", default="127.0.0.1:8001", metavar="HOST:PORT", help="Triton's gRPC (%(default)s)")
    add(
        "--metrics",
        default="http://127.0.0.1:8002/metrics",
        metavar="URL",
        help="Triton's metrics, which tell a busy model from one that hangs (%(default)s)",
    )
    add("--port", type=int, default=8003, help="for /ready and /live (%(default)s)")
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="0.0.0.0 in a pod (%(default)s)")
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models (%(default)s)")
    add(
        "--models",
        nargs="+",
        metavar="MODEL",
        help="what is served, with all it requires (default: everything)",
    )
    add("--config-name", help="as Triton's --model-config-name")
    add(
        "--drain",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="after SIGTERM it says 503 until Triton has ended, at most so long (%(default)s)",
    )
    add("--json", action="store_true", help="print changes as JSON lines")
    return arguments


def main() -> int:
    """Runs the command; returns the exit code: 0 after SIGTERM or SIGINT, 1 after an error."""
    options = parser().parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        models = Repository(options.repository.resolve(), options.config_name)
        wanted = models.resolve(options.models or models.names())
        readiness = Readiness(options.port, options.bind)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    readiness.follow(Pulse(options.grpc, wanted, options.metrics))
    said = ""
    while not ended.wait(_TICK_S):
        if (now := readiness.wrong() or "ready") != said:
            _tell(now, as_json=options.json)
            said = now
    readiness.end()
    _tell(readiness.wrong(), as_json=options.json)
    deadline = time.monotonic() + options.drain
    while _listens(options.grpc) and time.monotonic() < deadline:
        time.sleep(_TICK_S)
    readiness.close()
    return 0


def _tell(state: str, *, as_json: bool) -> None:
    line = {"ready": state == "ready", "why": "" if state == "ready" else state}
    print(json.dumps(line) if as_json else state, flush=True)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
