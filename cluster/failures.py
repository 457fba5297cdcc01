"""What can happen to a replica, or to the gateway, done on purpose: once (chaos), or for a while (fail)."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from cluster.errors import ClusterError
from cluster.local import LocalCluster
from cluster.replica import Replica

HUNG_S = 8.0
"""Longer than the gateway takes to notice that a replica hangs."""
BLIND = "LiveroomNoData"
"""What no replica is left to keep quiet."""

Deed = Callable[[LocalCluster, Replica, random.Random], None]


@dataclass(frozen=True)
class Failure:
    """One kind of them.

    Attributes:
        about: one sentence without a capital or a full stop.
        begin: does it.
        end: what of it does not mend itself once it is `held` no more.
        alerts: which the rules of k8s/base raise where it lasts, BLIND too where no replica is left and
            `blinding`.
        held: nothing is started again while it lasts; otherwise it is done again to whoever is ready
            again.
        gateway: it befalls the gateway, whichever replica is named.
    """

    about: str
    begin: Deed
    end: Deed = lambda cluster, replica, chance: None
    passes_s: float | None = None
    """After so long `chaos` ends it; without one it is the cluster that mends it."""
    alerts: tuple[str, ...] = ("LiveroomReplicaDown",)
    blinding: bool = True
    held: bool = True
    gateway: bool = False

    def __call__(self, cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
        """Once, as it happens."""
        self.begin(cluster, replica, chance)
        if self.passes_s is not None:
            time.sleep(self.passes_s)
            self.end(cluster, replica, chance)


def _lose(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    replica.kill()


def _crash(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    psutil.Process(replica.pid).kill()


def _orphan(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    psutil.Process(replica.launcher_pid).kill()


def _kill_stub(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    if not (stubs := replica.stubs()):
        raise ClusterError(f"{replica.name} has no process of a model: serve one in Python, such as captions")
    stubs[chance.choice(sorted(stubs))].kill()


def _stop(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    replica.stop_signal()


def _freeze(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    replica.stop_signal(canary=True)


def _continue(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    with contextlib.suppress(ClusterError, ProcessLookupError):
        replica.cont_signal()


def _drain(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    replica.drain()


def _lose_gateway(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    psutil.Process(cluster.gateway.pid).kill()


def _stop_gateway(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    cluster.gateway.stop_signal()


def _continue_gateway(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    with contextlib.suppress(ProcessLookupError):
        cluster.gateway.cont_signal()


_GATEWAY = ("LiveroomGatewayDown",)

ALL: Mapping[str, Failure] = {
    "node lost": Failure("SIGKILL to all processes of a replica", _lose),
    "server killed": Failure("SIGKILL to tritonserver alone", _crash),
    "launcher killed": Failure("SIGKILL to `python -m server`, which leaves tritonserver alone", _orphan),
    "stub killed": Failure(
        "SIGKILL to a process that a model runs in, and to the one in its place, until its server ends",
        _kill_stub,
        alerts=(),  # it is mended here, so that none pends long enough; in a pod the canary's would
        blinding=False,
        held=False,
    ),
    "hung": Failure(
        "SIGSTOP to Triton and its models; their canary goes on",
        _stop,
        _continue,
        HUNG_S,
        alerts=("LiveroomReplicaDown", "LiveroomCanaryFailing", "LiveroomReplicaUnready"),
    ),
    "frozen": Failure("SIGSTOP to all processes of a replica, the canary too", _freeze, _continue),
    "drained": Failure("SIGTERM, as when a pod is deleted", _drain),
    "gateway killed": Failure(
        "SIGKILL to Envoy: nobody gets in", _lose_gateway, alerts=_GATEWAY, blinding=False, gateway=True
    ),
    "gateway hung": Failure(
        "SIGSTOP to Envoy: it keeps its connections, and says nothing",
        _stop_gateway,
        _continue_gateway,
        alerts=_GATEWAY,
        blinding=False,
        gateway=True,
    ),
}


def busiest(cluster: LocalCluster) -> Replica:
    """The replica with the most rooms."""
    hosts = cluster.gateway.hosts()
    return max(
        cluster.replicas,
        key=lambda replica: hosts[replica.grpc_port].active if replica.grpc_port in hosts else 0,
    )
