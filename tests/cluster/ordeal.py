"""What the cluster of the tests goes through, with rooms in it: everything that can happen, in two plays."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster import LocalCluster, Replica, crowd
from cluster.failures import busiest, kill_stub
from cluster.rooms import Rooms, Stage, Toll
from server.process import SHM
from tests.waiting import seconds_until

MAX_ROOMS = 8
ROOMS = 3
SECONDS = 20.0


@dataclass
class Seen:
    """What was seen while rooms were played."""

    toll: Toll
    numbers: dict[str, float] = field(default_factory=dict)
    pressed: crowd.Crowd | None = None
    spread: dict[int, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)


def crowded(cluster: LocalCluster, rooms: Rooms) -> Seen:
    """Two tenants press for more rooms than there are; then a replica is lost in mid-sentence."""
    seen: dict[str, crowd.Crowd] = {}
    spread: dict[int, int] = {}
    left: list[Path] = []

    def look() -> None:
        hosts = cluster.gateway.hosts()
        active = {port: host.active for port, host in hosts.items()}
        if sum(active.values()) > sum(spread.values()):
            spread.update(active)

    async def press() -> None:
        pressing = asyncio.create_task(crowd.press(cluster, cluster.slots))
        while not pressing.done():
            await asyncio.to_thread(look)
            await asyncio.sleep(0.3)
        seen["crowd"] = await pressing

    def during(stage: Stage) -> None:
        time.sleep(2)
        asyncio.run(press())
        stage.mid_sentence()
        victim = busiest(cluster)
        folders = [Path(stub.cmdline()[0]).parents[2] for stub in victim.stubs().values()]
        stage.injured("node lost", victim.name)
        victim.kill()
        seconds_until(lambda: victim.starts == 2 and not victim.ready(), 60)
        left.extend(region for folder in folders for region in SHM.glob(f"{folder.name}*"))
        left.extend(folder for folder in folders if folder.exists())

    toll = rooms.play(during)
    cluster.wait_ready()
    return Seen(toll, pressed=seen["crowd"], spread=spread, left=left)


def battered(cluster: LocalCluster, rooms: Rooms) -> Seen:
    """A process of a model is killed, then a replica hangs, then the one that took its rooms is drained."""
    numbers: dict[str, float] = {}

    def during(stage: Stage) -> None:
        time.sleep(1.0)
        stage.mid_sentence()
        victim = busiest(cluster)
        stage.injured("stub killed", victim.name)
        kill_stub(victim, random.Random(1))
        numbers["unready after the death of a stub"] = seconds_until(victim.ready, 10)
        cluster.wait_ready()
        victim = busiest(cluster)
        stage.injured("hung", victim.name)
        victim.stop_signal()
        try:
            numbers["a hung replica has no rooms after"] = seconds_until(lambda: _out(cluster, victim), 15)
        finally:
            victim.cont_signal()
        cluster.wait_ready()
        stage.mid_sentence()
        victim = busiest(cluster)
        stage.injured("drained", victim.name)
        victim.drain_and_restart()

    toll = rooms.play(during)
    cluster.wait_ready()
    return Seen(toll, numbers)


def _out(cluster: LocalCluster, victim: Replica) -> bool:
    """Whether the gateway sends nothing to a replica, and waits for nothing from it."""
    host = cluster.gateway.hosts()[victim.grpc_port]
    return not host.healthy and host.active == 0
