"""What can happen to a replica, and to the gateway, done on purpose."""

import contextlib
import random
import time
from collections.abc import Callable, Mapping

import psutil

from cluster.errors import ClusterError
from cluster.local import LocalCluster
from cluster.replica import Replica

HUNG_S = 8.0
"""Longer than the gateway takes to notice that a replica hangs."""
GATEWAY = "gateway killed"
"""The one that is not a replica's."""

Failure = Callable[[LocalCluster, Replica, random.Random], None]


def lose(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGKILL to all of its processes, as when the node is lost."""
    replica.kill()


def crash(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGKILL to tritonserver alone."""
    psutil.Process(replica.pid).kill()


def orphan(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGKILL to `python -m server`, which leaves tritonserver alone."""
    psutil.Process(replica.launcher_pid).kill()


def kill_stub(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGKILL to one of the processes that models run in."""
    stubs = replica.stubs()
    stubs[chance.choice(sorted(stubs))].kill()


def hang(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGSTOP to Triton and its models, and SIGCONT once the gateway has taken it out."""
    replica.stop_signal()
    time.sleep(HUNG_S)
    with contextlib.suppress(ClusterError, ProcessLookupError):
        replica.cont_signal()


def freeze(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGSTOP to all of its processes, the canary too; only a failing liveness probe ends that."""
    replica.stop_signal(canary=True)


def drain(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGTERM, as when a pod is deleted."""
    replica.drain()


def lose_gateway(cluster: LocalCluster, replica: Replica, chance: random.Random) -> None:
    """SIGKILL to Envoy: no room has a way to any replica until it is back."""
    psutil.Process(cluster.gateway.pid).kill()


ALL: Mapping[str, Failure] = {
    "node lost": lose,
    "server killed": crash,
    "launcher killed": orphan,
    "stub killed": kill_stub,
    "hung": hang,
    "frozen": freeze,
    "drained": drain,
    GATEWAY: lose_gateway,
}


def busiest(cluster: LocalCluster) -> Replica:
    """The replica with the most rooms."""
    hosts = cluster.gateway.hosts()
    return max(
        cluster.replicas, key=lambda each: hosts[each.grpc_port].active if each.grpc_port in hosts else 0
    )
