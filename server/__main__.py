"""`python -m server`: serve models from the repository on this machine until told to stop."""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from server.errors import ServerError, of_system
from server.launch import read_admin_key
from server.store import state_folder
from server.triton import Triton

_QUIET_S = 2.0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m server", description=__doc__)
    add = arguments.add_argument
    add("--repository", type=Path, default=Path("model_repository"), help="folder of models (%(default)s)")
    add(
        "--models",
        nargs="+",
        metavar="MODEL",
        help="what to serve, with all it requires (default: what is public, or everything where nothing is)",
    )
    add("--grpc-port", type=int, default=8001, help="0 picks a free port and says which (%(default)s)")
    add("--metrics-port", type=int, default=8002, help="0 picks a free port and says which (%(default)s)")
    add("--http-port", type=int, help="also serve HTTP there (default: HTTP is off)")
    add(
        "--ready-port",
        type=int,
        help="say there over HTTP whether every model answers: /ready and /live (default: nowhere)",
    )
    add(
        "--admin-key-file",
        type=Path,
        metavar="FILE",
        help="whoever does not send the key in it may infer and ask how the server is, nothing else",
    )
    add(
        "--config-name",
        help="use <model>/configs/NAME.pbtxt where there is one (Triton's --model-config-name)",
    )
    add("--log-file", type=Path, default=Path("build/triton.log"), help="Triton's own log (%(default)s)")
    add(
        "--drain",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="for requests in flight at the end (%(default)s)",
    )
    add("--start-timeout", type=float, default=300.0, metavar="SECONDS", help="for loading (%(default)s)")
    add("--json", action="store_true", help="print the ready line as JSON")
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="anything but loopback needs --unsafe-bind")
    add(
        "--unsafe-bind",
        action="store_true",
        help="allow --bind to reach beyond this machine. Unsafe: the embedded Triton is release 24.10, which"
        " lacks the security fixes of 2025-26, and it asks nobody who they are: whoever reaches the port may"
        " run models and attack the process. For a cluster use NVIDIA's current container instead",
    )
    return arguments


class Progress:
    """Says on stderr what is going on: a spinner on a terminal, else a line whenever 2 s have passed."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._status = self._console.status("starting")
        self._spoke = time.monotonic()
        self._starting = True
        self._status.start()

    def __call__(self, message: str) -> None:
        """Shows `message`."""
        now = time.monotonic()
        if self._starting and self._console.is_terminal:
            self._status.update(message)
        elif not self._starting or now - self._spoke > _QUIET_S:
            self._console.print(message, highlight=False)
            self._spoke = now

    def ready(self) -> None:
        """Ends the spinner; from now on every message is worth a line."""
        self._status.stop()
        self._starting = False


def main() -> int:
    """Runs the command; returns the exit code: 0 after a clean end, 1 after an error."""
    options = parser().parse_args()
    progress = Progress()
    try:
        triton = Triton(
            options.repository,
            options.models,
            grpc_port=options.grpc_port,
            metrics_port=options.metrics_port,
            http_port=options.http_port,
            ready_port=options.ready_port,
            admin_key=options.admin_key_file and read_admin_key(options.admin_key_file),
            config_name=options.config_name,
            log_file=options.log_file,
            bind=options.bind,
            unsafe_bind=options.unsafe_bind,
            state=state_folder(),
            start_timeout_s=options.start_timeout,
            drain_s=options.drain,
            progress=progress,
        )
        _serve(triton, progress, as_json=options.json)
    except (ServerError, OSError) as error:
        progress.ready()
        print(f"error: {of_system(error) if isinstance(error, OSError) else error}", file=sys.stderr)
        return 1
    return 0


class _Stop(BaseException):
    """SIGTERM or SIGINT arrived."""


def _serve(triton: Triton, progress: Progress, *, as_json: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _raise_stop)
    try:
        triton.start()
        progress.ready()
        print(_ready_line(triton, as_json=as_json), flush=True)
        triton.wait()
    except _Stop:
        progress.ready()
        progress("stopping: requests in flight are finished first (once more to stop at once)")
    finally:
        _stop(triton)


def _stop(triton: Triton) -> None:
    try:
        triton.stop()
    except _Stop:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        triton.stop(at_once=True)


def _raise_stop(number: int, frame: FrameType | None) -> None:
    raise _Stop


def _ready_line(triton: Triton, *, as_json: bool) -> str:
    models = sorted(triton.models)
    if as_json:
        line = {
            "ready": True,
            "grpc": triton.grpc,
            "metrics": triton.metrics,
            "models": models,
            "pid": triton.pid,
        }
        extra = {"http": triton.http, "ready_url": triton.ready}
        return json.dumps(line | {name: url for name, url in extra.items() if url})
    return f"ready: gRPC on {triton.grpc}, metrics at {triton.metrics}, serving {', '.join(models)}"


if __name__ == "__main__":
    sys.exit(main())
