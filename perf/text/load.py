"""Lines of chat through the client: as many as can be, and one by one as viewers would write them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

from liveroom import AsyncClient, LiveroomError

from perf.load.playback import percentiles

BATCH = 256
"""Lines of a call: what the models take at once."""
CALLERS = 8

Judge = Callable[[AsyncClient, list[str]], Awaitable[object]]


async def _both(client: AsyncClient, lines: list[str]) -> object:
    return await asyncio.gather(client.moderate(lines), client.sentiment(lines))


JUDGES: dict[str, Judge] = {
    "moderation": AsyncClient.moderate,
    "sentiment": AsyncClient.sentiment,
    "both": _both,
}


async def throughput(address: str, judge: Judge, lines: Sequence[str], seconds: float) -> float:
    """Lines a second, from :data:`CALLERS` callers who each wait for one batch before the next.

    Raises:
        LiveroomError: a call failed.
    """
    source = cycle(lines)
    async with AsyncClient(address) as client:
        await judge(client, list(islice(source, BATCH)))  # everything has been used once
        began, done = time.perf_counter(), 0

        async def call() -> None:
            nonlocal done
            while time.perf_counter() - began < seconds:
                await judge(client, list(islice(source, BATCH)))
                done += BATCH

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CALLERS):
                tasks.create_task(call())
        return done / (time.perf_counter() - began)


@dataclass
class Arrivals:
    """Lines that came singly.

    Attributes:
        latency_s: of each, from when it was due, whoever made it late.
        late_s: how late the load itself was with each.
        failed: by code.
    """

    latency_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """As a result has it."""
        late = percentiles(self.late_s)
        return {
            "answered": len(self.latency_s),
            "failed": sum(self.failed.values()),
            **{f"latency_{name}_s": value for name, value in percentiles(self.latency_s).items()},
            "load_late_p95_s": late["p95"],
        }


async def arrivals(
    address: str, judge: Judge, lines: Sequence[str], rate: float, seconds: float, seed: int = 1
) -> Arrivals:
    """Lines one by one at times of a Poisson process of `rate` a second, whatever became of those before."""
    seen = Arrivals()
    async with AsyncClient(address) as client, asyncio.TaskGroup() as tasks:
        await judge(client, list(islice(lines, BATCH)))

        async def one(line: str, due: float) -> None:
            try:
                await judge(client, [line])
                seen.latency_s.append(time.perf_counter() - due)
            except LiveroomError as error:
                seen.failed[error.code] = seen.failed.get(error.code, 0) + 1

        began = time.perf_counter()
        for line, at in zip(cycle(lines), _poisson(rate, seconds, seed), strict=False):
            if (ahead := began + at - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            seen.late_s.append(max(time.perf_counter() - began - at, 0.0))
            tasks.create_task(one(line, began + at))
    return seen


def _poisson(rate: float, seconds: float, seed: int) -> Iterator[float]:
    chance, at = random.Random(seed), 0.0  # noqa: S311 - no secret
    while (at := at + chance.expovariate(rate)) < seconds:
        yield at
