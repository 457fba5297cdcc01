"""What the cluster of the tests goes through, with rooms in it: everything that can happen, in two plays."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster import LocalCluster, Replica, overload
from cluster.failures import ALL, busiest
from cluster.impact import Impact
from cluster.room_load import RoomLoad, Stage
from server.process import SHM
from tests.waiting import seconds_until

MAX_ROOMS = 8
ROOMS = 3
SECONDS = 18.0
CALM_S = 3.0
"""Before anything happens."""


@dataclass
class Seen:
    """What was seen while rooms were played. shares: how many rooms each replica was asked to take."""

    impact: Impact = field(init=False)
    pressed: overload.Overload = field(init=False)
    shares: list[int] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)


def crowded(cluster: LocalCluster, rooms: RoomLoad) -> Seen:
    """Two tenants press for rooms; then a replica is lost, then a process of a model killed."""
    found = Seen()

    def during(stage: Stage) -> None:
        time.sleep(CALM_S)
        stage.note("overload", "all")
        found.pressed = asyncio.run(overload.press(cluster, cluster.slots))
        found.shares = [host.total for host in cluster.gateway.hosts().values()]
        stage.mid_sentence()
        victim = busiest(cluster)
        folders = [Path(stub.cmdline()[0]).parents[2] for stub in victim.stubs().values()]
        stage.note("node lost", victim.name)
        victim.kill()
        seconds_until(lambda: victim.starts == 2, 60)
        cluster.wait_ready()
        found.left += [region for folder in folders for region in SHM.glob(f"{folder.name}*")]
        found.left += [folder for folder in folders if folder.exists()]
        victim = busiest(cluster)
        stage.note("stub killed", victim.name)
        ALL["stub killed"](cluster, victim, random.Random(1))
        found.numbers["unready after the death of a stub"] = seconds_until(victim.ready, 10)

    found.impact = rooms.play(during)
    cluster.wait_ready()
    return found


def battered(cluster: LocalCluster, rooms: RoomLoad) -> Seen:
    """A replica hangs, then the one that took its rooms is drained, in good time before they end."""
    found = Seen()
    numbers = found.numbers

    def during(stage: Stage) -> None:
        stage.mid_sentence()
        victim = busiest(cluster)
        stage.note("hung", victim.name)
        victim.stop_signal()
        try:
            numbers["a hung replica has no rooms after"] = seconds_until(lambda: _out(cluster, victim), 15)
        finally:
            victim.cont_signal()
        cluster.wait_ready()
        victim = busiest(cluster)
        numbers["rooms to be drained"] = cluster.gateway.hosts()[victim.grpc_port].active
        stage.note("drained", victim.name)
        victim.drain()
        numbers["a drained replica has no rooms after"] = seconds_until(lambda: _out(cluster, victim), 15)

    found.impact = rooms.play(during)
    cluster.wait_ready()
    return found


def _out(cluster: LocalCluster, victim: Replica) -> bool:
    """Whether the gateway sends nothing to a replica, and waits for nothing from it."""
    host = cluster.gateway.hosts()[victim.grpc_port]
    return not host.healthy and host.active == 0
