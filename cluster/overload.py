"""More rooms than a cluster has room for: quiet ones, of two tenants, and who gets in."""

import asyncio
import time
from dataclasses import asdict, dataclass

import numpy as np
from liveroom import AsyncClient, LiveroomError, Overloaded

from cluster.local import LocalCluster
from perf.load.playback import Playback
from perf.load.room_player import play_room

CHUNK_S, RATE = 0.5, 16_000
_SETTLE_S = 2.0
FAST_S = 3.0
"""A refusal may take so long, with the attempts at other replicas that the client makes first."""


@dataclass(frozen=True)
class Overload:
    """Who got in.

    Attributes:
        slots: for rooms, in all.
        refused_s: how long the slowest refusal took.
    """

    slots: int
    asked: dict[str, int]
    admitted: dict[str, int]
    refused: dict[str, int]
    refused_s: float
    errors: tuple[str, ...]

    @property
    def fair(self) -> bool:
        """Whether all who came too late were refused in time, and everyone got some of the room."""
        fast = self.refused_s < FAST_S
        return fast and not self.errors and all(self.admitted.values()) and any(self.refused.values())

    def __str__(self) -> str:
        tenants = ", ".join(
            f"{tenant} got {self.admitted[tenant]} of {self.asked[tenant]} rooms" for tenant in self.asked
        )
        return f"{tenants} ({self.slots} slots), refused within {self.refused_s:.2f} s"

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return asdict(self)


async def press(cluster: LocalCluster, slots: int, tenants: tuple[str, str] = ("loud", "late")) -> Overload:
    """The first tenant asks for as many rooms as there are slots, then the second for half as many."""
    asked = dict(zip(tenants, (slots, max(1, slots // 2)), strict=True))
    admitted, refused = dict.fromkeys(tenants, 0), dict.fromkeys(tenants, 0)
    slowest, errors = 0.0, []
    async with asyncio.TaskGroup() as tasks:
        rooms = []
        for tenant, count in asked.items():
            here = [tasks.create_task(_room(cluster, tenant, number)) for number in range(count)]
            rooms += [(tenant, room) for room in here]
            await asyncio.sleep(_SETTLE_S)
        answers = [(tenant, await room) for tenant, room in rooms]
    for tenant, (error, seconds) in answers:
        if error is None:
            admitted[tenant] += 1
        elif isinstance(error, Overloaded):
            refused[tenant] += 1
            slowest = max(slowest, seconds)
        else:
            errors.append(str(error))
    return Overload(slots, asked, admitted, refused, round(slowest, 3), tuple(errors))


async def _room(cluster: LocalCluster, tenant: str, number: int) -> tuple[LiveroomError | None, float]:
    """A room in which nobody speaks; why it was not let in, and how long that took."""
    began = time.perf_counter()
    chunks = [np.zeros(int(CHUNK_S * RATE), np.float32)] * (1 + round(2 * _SETTLE_S / CHUNK_S))
    async with AsyncClient(cluster.url, token=cluster.token(tenant), ca=cluster.ca) as client:
        playback = Playback(chunks, RATE, pace=1.0, began=began - CHUNK_S)  # the first at once
        played = await play_room(client, f"{tenant}-{number}", lambda event: None, playback=playback)
    return played.error, time.perf_counter() - began
