"""A small cluster on this machine, scaled by the shipped policy on what its real Prometheus says."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from liveroom import AsyncClient

from cluster.autoscaling.controller import Controller
from cluster.autoscaling.guests import Guests
from cluster.local import LocalCluster
from perf.autoscale import manifests, node
from perf.autoscale.cluster import Cluster, StartUp
from perf.autoscale.events import Events
from perf.autoscale.ledger import Books, Moment
from perf.autoscale.policy import Autoscaler, Policy
from perf.autoscale.traffic import Start

SLOTS, MOST = 2, 3
"""Of a replica, and replicas: what two cores bear."""
WINDOW_S = 30.0
"""For scaling down, instead of the shipped ten minutes: a trial lasts six and a half."""
UNTIL_S = 390.0
ROOMS = (
    Start(0.0, 300.0),
    Start(35.0, 240.0),
    Start(58.0, 150.0),
    Start(62.0, 60.0),
    Start(110.0, 120.0),
)
"""One replica is enough, then too small, then three are needed; in the end one again."""
SAMPLE_S = 1.0
SIMULATIONS = 50
"""Seeds: where rooms land is drawn by lot."""
_OPEN = "sum(liveroom_rooms_open)"
CLUSTER = Cluster(failures_per_day=0.0, scrape_s=SAMPLE_S)
"""As the local cluster is: its Prometheus scrapes once a second."""


@dataclass
class Trial:
    """What came of it. books: as of a simulation, every `SAMPLE_S`. started_s: of each replica ordered.

    partials_s: latency of each partial caption. errors: of rooms that failed.
    """

    books: Books
    started_s: list[float]
    partials_s: list[float]
    errors: list[str]


def policy() -> Policy:
    """What is shipped, for one to `MOST` replicas and with `WINDOW_S`; whole, so that it may end in time."""
    shipped = manifests.scaled_object()
    down = replace(shipped.behaviour.down, window_s=WINDOW_S)
    behaviour = replace(shipped.behaviour, down=down)
    return replace(shipped, name="trial", behaviour=behaviour, least=1, most=MOST)


def run(seed: int, told: Callable[[str], None]) -> Trial:
    """Plays `ROOMS` to a real cluster for `UNTIL_S`. told: gets what is going on.

    Raises ClusterError, ServerError.
    """
    told("starting Envoy, Prometheus and one Triton")
    with LocalCluster(("captions",), 1, max_rooms=SLOTS, progress=told) as local:
        return asyncio.run(_run(local, seed, told))


def simulated(started_s: list[float], runs: int = SIMULATIONS) -> list[Books]:
    """The same rooms, `runs` times. started_s: what new replicas really took; their mean counts."""
    start_up = StartUp(0.0, 0.0, statistics.fmean(started_s) if started_s else StartUp().load_s, 0.0)
    cluster = replace(CLUSTER, start_up=start_up, balance=manifests.balance())
    carrier = node.load(node.PUBLISHED, SLOTS)
    return [
        Events(cluster, carrier, policy(), Books(every_s=SAMPLE_S), seed).run(ROOMS, 0.0, UNTIL_S, replicas=1)
        for seed in range(runs)
    ]


async def _run(local: LocalCluster, seed: int, told: Callable[[str], None]) -> Trial:
    books, rules = Books(every_s=SAMPLE_S), policy()
    token = local.token(lifetime_s=2 * UNTIL_S)
    async with AsyncClient(local.url, token=token, ca=local.ca) as client:
        guests = Guests(client, CLUSTER, seed)
        scaler = Autoscaler(rules, node.load(node.PUBLISHED, SLOTS))
        began = time.perf_counter()
        controller = Controller(local, scaler, rules.metrics[0].signal, began)
        async with asyncio.timeout(2 * UNTIL_S), asyncio.TaskGroup() as work:
            observing = work.create_task(_observe(local, controller, guests, books, began, told))
            playing = work.create_task(guests.play(ROOMS, began))
            await controller.run(UNTIL_S)
            await playing
            observing.cancel()
    books.rest += guests.ledger
    return Trial(books, controller.started_s, guests.partials_s, guests.errors)


async def _observe(
    local: LocalCluster,
    controller: Controller,
    guests: Guests,
    books: Books,
    began: float,
    told: Callable[[str], None],
) -> None:
    """Keeps the timeline, and sums of room and replica time, up to `UNTIL_S`."""
    for sample in range(round(UNTIL_S / SAMPLE_S)):
        await asyncio.sleep(max(0.0, began + sample * SAMPLE_S - time.perf_counter()))
        samples = await asyncio.to_thread(local.prometheus.query, _OPEN)
        rooms = round(samples[0].value) if samples else 0
        ready = len(controller.ready)
        replicas = ready + controller.starting
        books.note(Moment(sample * SAMPLE_S, replicas, ready, rooms, guests.waiting))
        books.rest.room_s += rooms * SAMPLE_S
        books.rest.replica_s += replicas * SAMPLE_S
        if sample % 15 == 0:
            told(
                f"{sample:3} s: {rooms} rooms, {guests.waiting} waiting, {ready} of {replicas} replicas ready"
            )
