"""`LocalCluster`: replicas, gateway and Prometheus on this machine, as Kubernetes would run them."""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster.credentials import Claim, Credentials
from cluster.errors import ClusterError
from cluster.gateway import Gateway
from cluster.gateway_config import Upstream, load, public_models
from cluster.machine import LOOPBACK, PROJECT, take_folder, write_with_mode
from cluster.prometheus import Prometheus, Target
from cluster.replica import DRAIN_S, Replica
from server import process
from server.launch import share_cores
from server.repository import Repository, check_files, compile_modules

START_S = 120.0
LOG_BYTES = 64 * 2**20
"""A log that grows beyond is emptied; a kubelet turns those of containers over."""
_TICK_S = 0.1


class LocalCluster:
    """Several embedded Tritons behind Envoy, ready when the gateway may send rooms to every one of them.

    A replica that dies is started again, later each time. Entering raises ClusterError, or ServerError.

    Args:
        models: what each replica serves, with all they require.
        max_rooms: what each replica takes at a time; two cores carry about seven rooms of continuous
            speech, all replicas together.
        tenant_share: of max_rooms that one tenant may hold.
        prometheus: whether one runs.
        folder: for logs and credentials; without it everything is in a temporary folder, which is gone
            afterwards, or after an error when the next one starts.
        progress: is told what is going on.
    """

    def __init__(
        self,
        models: Sequence[str] = ("captions",),
        replicas: int = 2,
        *,
        max_rooms: int = 8,
        tenant_share: float = 1.0,
        prometheus: bool = True,
        repository: Path = PROJECT / "model_repository",
        folder: Path | None = None,
        progress: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.replicas: list[Replica] = []
        self.models = tuple(models)
        self._count = replicas
        self._max_rooms = max_rooms
        self._limits = {"LIVEROOM_MAX_ROOMS": str(max_rooms), "LIVEROOM_TENANT_SHARE": str(tenant_share)}
        self._with_prometheus = prometheus
        self._repository = repository
        self._kept = folder
        self._own: Path | None = None
        self._progress = progress
        self._stack = ExitStack()
        self._stopped = threading.Event()
        self._keeper = threading.Thread(target=self._tend, name="kubelet", daemon=True)
        self._failure: ClusterError | None = None
        self._made = 0
        self._prometheus: Prometheus | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"grpcs://{LOOPBACK}:{self.gateway.port}"

    @property
    def tended(self) -> tuple[Replica | Gateway, ...]:
        """What is started again when it ends."""
        return (*self.replicas, self.gateway)

    @property
    def slots(self) -> int:
        """How many rooms all replicas together take at a time."""
        return self._max_rooms * len(self.replicas)

    @property
    def ca(self) -> Path:
        """The authority that signed the gateway's certificate."""
        return self.credentials.ca

    @property
    def prometheus(self) -> Prometheus:
        """What has been measured.

        Raises:
            ClusterError: none runs.
        """
        if self._prometheus is None:
            raise ClusterError("this cluster has no Prometheus: start it with prometheus=True")
        return self._prometheus

    def token(self, tenant: str = "demo", lifetime_s: float = 3600, **claims: Claim) -> str:
        """A token for `tenant`, see `Credentials.token`."""
        return self.credentials.token(tenant, lifetime_s, **claims)

    def add_replica(self) -> Replica:
        """One more; returns when the gateway may send rooms to it."""
        added = self._new_replica()
        self.replicas.append(added)
        self._announce()
        self.wait_ready([added])
        return added

    def remove_replica(self, replica: Replica) -> None:
        """Drains it and waits for its end."""
        replica.wanted = False
        replica.drain()
        deadline = time.monotonic() + DRAIN_S + 10
        while replica.running and time.monotonic() < deadline:
            time.sleep(_TICK_S)
        self.replicas.remove(replica)
        replica.end()
        self._announce()

    def rolling_restart(self) -> None:
        """A new replica for each old one, which is drained once the new one is ready (maxUnavailable: 0)."""
        for old in list(self.replicas):
            self._progress(f"replacing {old.name}")
            self.add_replica()
            self.remove_replica(old)

    def wait_ready(self, replicas: Iterable[Replica] | None = None, timeout_s: float = START_S) -> None:
        """Until the gateway may send rooms to `replicas` (all).

        Raises:
            ClusterError: after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        waiting = list(self.replicas if replicas is None else replicas)
        while waiting:
            replica = waiting[0]
            seen = None
            with contextlib.suppress(ClusterError):  # it is being started again
                seen = self.gateway.hosts().get(replica.grpc_port)
            why = replica.ready() or (
                "" if seen and seen.healthy else "the gateway has not seen that it is ready"
            )
            if not why:
                waiting.pop(0)
                continue
            self.check()
            self._progress(f"waiting for {replica.name}: {why}")
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{replica.name} was not ready within {timeout_s:.0f} s: {why}: see {replica.log}"
                )
            time.sleep(_TICK_S)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException as error:
            self._end(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        """Ends all of it and removes what nobody asked to keep; after an error its logs say why."""
        self._stack.close()
        if self._own is not None and not isinstance(error, Exception):
            process.remove_folder(self._own)

    def _start(self) -> None:
        models = Repository(self._repository.resolve()).resolve(self.models)
        check_files(models)
        compile_modules(models)  # before several replicas do it at once
        self.folder = self._kept or process.fresh_folder("cluster")
        self._own = None if self._kept else self.folder
        self._stack.enter_context(take_folder(self.folder))
        if self._with_prometheus:
            self._prometheus = Prometheus(self.folder / "prometheus")
        self._cores = share_cores(self.folder)
        self.credentials = Credentials.create(self.folder / "credentials")
        self.admin_key_file = self.folder / "admin.key"
        write_with_mode(self.admin_key_file, secrets.token_urlsafe(32).encode(), 0o600)
        self.replicas = [self._new_replica() for _ in range(self._count)]
        public = sorted({*public_models(load()), *Repository(self._repository.resolve()).default()})
        self.gateway = Gateway(self.folder / "gateway", self.credentials, self._upstreams(), public=public)
        self._stack.callback(self._end_replicas)
        self._keeper.start()
        if self._prometheus is not None:
            self._stack.enter_context(self._prometheus)
        self._stack.enter_context(self.gateway)
        self._stack.callback(self._end_tending)
        self._announce()
        self.wait_ready()

    def _new_replica(self) -> Replica:
        self._made += 1
        return Replica(
            f"triton-{self._made}",
            self.folder,
            self.models,
            repository=self._repository,
            admin_key_file=self.admin_key_file,
            environment={**self._limits, "LIVEROOM_CORES": str(self._cores)},
        )

    def _announce(self) -> None:
        """Tells the gateway and Prometheus which replicas there are."""
        self.gateway.update(self._upstreams())
        if self._prometheus is None:
            return
        targets = [Target("gateway", self.gateway.stats_url.split("/")[2], "/stats/prometheus", {})]
        for replica in self.replicas:
            for job, port in (("triton", replica.metrics_port), ("ready", replica.ready_port)):
                targets.append(Target(job, f"{LOOPBACK}:{port}", "/metrics", {"pod": replica.name}))
        self._prometheus.watch(targets)

    def _upstreams(self) -> list[Upstream]:
        return [Upstream(replica.grpc_port, replica.ready_port) for replica in self.replicas]

    def _tend(self) -> None:
        """The kubelet: a thread, as the replicas end with the one that started them."""
        while not self._stopped.wait(_TICK_S):
            for log in (*self.folder.glob("*.log"), *self.folder.glob("*/*.log")):
                with contextlib.suppress(FileNotFoundError):
                    if log.stat().st_size > LOG_BYTES:
                        os.truncate(log, 0)
            for part in self.tended:
                try:
                    part.tend()
                except ClusterError as error:
                    self._failure = error
                    return

    def check(self) -> None:
        """Raises ClusterError when something can't be started any more, or Prometheus has ended."""
        if self._failure is not None:
            raise self._failure
        if self._prometheus is not None and not self._prometheus.running:
            raise ClusterError(f"Prometheus ended by itself: see {self.folder / 'prometheus'}")

    def _end_replicas(self) -> None:
        for replica in self.replicas:
            replica.wanted = False
        self._end_tending()
        for replica in self.replicas:
            replica.end()

    def _end_tending(self) -> None:
        self._stopped.set()
        self._keeper.join()
