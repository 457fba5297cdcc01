"""Failures that last, as `python -m cluster fail` orders them of the process whose cluster suffers them.

An order is a line of JSON at a socket, {"kind": "hung", "seconds": 180, "replica": "triton-1"}. Answers are
lines, too: {"victims": [...], "pids": [...]} once it has begun, {"lasted_s": ...} once it is undone, and then
{"whole": true} once all is ready again; or {"error": "..."}. The connection is the order: where it ends, in
whatever way, the failure does.
"""

import contextlib
import json
import os
import random
import select
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from cluster.errors import ClusterError
from cluster.failures import ALL, Failure, busiest
from cluster.local import LocalCluster
from cluster.replica import Replica
from server import process

LONGEST_S = 3600.0
EVERYBODY = "all"
WHOLE_S = 90.0
"""Until all is ready again after a failure; beyond it that is said."""
_TICK_S = 0.2
_ORDER_BYTES = 4096
_GONE = (ClusterError, ProcessLookupError, psutil.Error)


class FaultInjector:
    """Takes orders at the socket `path` while it is entered, one at a time.

    Args:
        told: of what is done.
    """

    def __init__(self, cluster: LocalCluster, told: Callable[[str], None] = lambda text: None) -> None:
        self._cluster = cluster
        self._told = told
        self._folder = process.fresh_folder("injector")  # the path of a socket must be short
        self.path = self._folder / "orders.sock"
        self._busy = threading.Lock()
        self._ending = threading.Event()

    def __enter__(self) -> Self:
        self._server = _Server(str(self.path), self)
        threading.Thread(target=self._server.serve_forever, args=(_TICK_S,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()  # waits for what is being undone
        process.remove_folder(self._folder)

    def carry_out(self, order: object, over: Callable[[float], bool]) -> Iterator[dict[str, object]]:
        """Does it, and yields the answers.

        Args:
            order: see above.
            over: waits so many seconds; whether nobody wants it any more.

        Raises:
            ClusterError: the order can't be carried out.
        """
        if not self._busy.acquire(blocking=False):
            raise ClusterError("another failure is being rehearsed: wait for its end, or end it")
        try:
            name, failure, seconds, victims = self._read(order)
            names = ["gateway"] if failure.gateway else [victim.name for victim in victims]
            self._told(f"rehearsal: {name} for {seconds:.0f} s: {', '.join(names)}")
            began = time.monotonic()
            with self._lasting(failure, victims) as again:
                yield {"victims": names, "pids": self._pids(failure, victims)}
                while time.monotonic() - began < seconds and not over(_TICK_S) and not self._ending.is_set():
                    again()
            lasted_s = round(time.monotonic() - began, 1)
            self._told(f"rehearsal over after {lasted_s:.0f} s")
            yield {"lasted_s": lasted_s}
            yield {"whole": not (why := self._broken()), "why": why}
        finally:
            self._busy.release()

    def _read(self, order: object) -> tuple[str, Failure, float, Sequence[Replica]]:
        match order:
            case {
                "kind": str(name),
                "seconds": float() | int() as seconds,
                "replica": str() | None as wanted,
            }:
                pass
            case _:
                raise ClusterError(f"{order} is no order: the cluster is of another version of this project")
        if name not in ALL or not 0 < seconds <= LONGEST_S:
            raise ClusterError(f"{name} for {seconds:g} s: this cluster knows {', '.join(ALL)}, for an hour")
        if ALL[name].gateway:
            return name, ALL[name], seconds, self._cluster.replicas[:1]
        if wanted is None:
            return name, ALL[name], seconds, [busiest(self._cluster)]
        known = {replica.name: replica for replica in self._cluster.replicas}
        if wanted not in {EVERYBODY, *known}:
            raise ClusterError(f"there is no replica {wanted}: there are {', '.join(known)}, or {EVERYBODY}")
        return name, ALL[name], seconds, [*known.values()] if wanted == EVERYBODY else [known[wanted]]

    @contextlib.contextmanager
    def _lasting(self, failure: Failure, victims: Sequence[Replica]) -> Iterator[Callable[[], None]]:
        """Begins a failure and undoes it; yields what has to be called again and again meanwhile."""
        chance = random.Random(1)  # noqa: S311 which stub is no secret
        gateway = self._cluster.gateway

        def again() -> None:
            for victim in victims:
                if not failure.held and not victim.ready():
                    with contextlib.suppress(*_GONE):
                        failure.begin(self._cluster, victim, chance)

        try:
            if failure.gateway:
                gateway.held = True
            for victim in victims:
                victim.held = failure.held and not failure.gateway
                failure.begin(self._cluster, victim, chance)
            yield again
        except psutil.Error as error:
            raise ClusterError(f"a process was gone already: {error}") from error
        finally:
            for victim in victims:
                with contextlib.suppress(*_GONE):
                    failure.end(self._cluster, victim, chance)
                if victim.held:
                    victim.release()
            gateway.held = False

    def _pids(self, failure: Failure, victims: Sequence[Replica]) -> list[int]:
        """Leaders of the process groups concerned: what is stopped can't follow a cluster that is killed."""
        if failure.gateway:
            return [self._cluster.gateway.pid]
        return [group for victim in victims for group in victim.groups()]

    def _broken(self) -> str:
        """Why not all of it is ready again, once that is so or has taken too long."""
        deadline, why = time.monotonic() + WHOLE_S, "the cluster is ending"
        while not self._ending.is_set():
            try:
                self._cluster.wait_ready(timeout_s=_TICK_S)
            except ClusterError as error:
                why = str(error)
                if time.monotonic() > deadline:
                    break
            else:
                return ""
        return why


class _Server(socketserver.ThreadingUnixStreamServer):
    def __init__(self, path: str, injector: FaultInjector) -> None:
        self.injector = injector
        super().__init__(path, _Handler)
        os.chmod(path, 0o600)  # noqa: PTH101 the folder is ours alone, too


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 5.0
    """Seconds for the order."""

    def handle(self) -> None:
        """One order."""
        try:
            order = json.loads(self.rfile.readline(_ORDER_BYTES))
            for answer in self.server.injector.carry_out(order, self._gone):
                self._say(answer)
        except (ClusterError, ValueError, OSError) as error:
            self._say({"error": str(error)})

    def _gone(self, patience_s: float) -> bool:
        """Whether whoever ordered it has closed the connection, or ended; waits for that."""
        readable, _, _ = select.select([self.connection], [], [], patience_s)
        return bool(readable)

    def _say(self, answer: dict[str, object]) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            self.wfile.write(json.dumps(answer).encode() + b"\n")


def socket_of(state: dict[str, object]) -> Path:
    """Where the cluster that `up` describes takes orders.

    Raises:
        ClusterError: it takes none.
    """
    path = Path(str(state.get("orders", "")))
    if not path.is_socket():
        raise ClusterError(
            "the cluster that is up takes no orders: start it again with `python -m cluster up`"
        )
    return path
