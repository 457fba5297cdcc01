"""`python -m server.readiness_sidecar`: whether a Triton answers, over HTTP.

/ready is for balancers, /live for restarts.
In a pod this runs as a container of its own beside Triton; the embedded server has it inside
(`python -m server --ready-port N`).
"""

import argparse
import json
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from server.errors import ServerError
from server.health_monitor import HealthMonitor
from server.readiness import Readiness
from server.repository import Repository

_TICK_S = 0.2


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m server.readiness_sidecar", description=__doc__)
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
        help="what is served, with all it requires (default: what is public, or everything where nothing is)",
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
        wanted = models.resolve(options.models or models.default())
        readiness = Readiness(options.port, options.bind)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    readiness.follow(HealthMonitor(options.grpc, wanted, options.metrics))
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
    except (OSError, ValueError):  # no address at all
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
