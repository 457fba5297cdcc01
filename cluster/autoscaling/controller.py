"""Autoscaler and kubelet of a trial: decides on what Prometheus says, and starts and drains real replicas."""

import asyncio
import time
from collections.abc import Coroutine, Mapping

from cluster.errors import ClusterError
from cluster.local import LocalCluster
from cluster.replica import Replica
from perf.autoscale import hpa, manifests
from perf.autoscale.hpa import Pods
from perf.autoscale.policy import Autoscaler
from perf.autoscale.signals import Signal

_APART_S = 0.5
"""Between starts, so that ports are picked one after the other."""


class Controller:
    """Scales `local` from `began` (of `time.perf_counter()`) on, at the moments that a simulation would.

    signal: what the shipped query stands for. ready: replicas that are; starting: so many more are ordered.
    started_s: of each that was ordered, until the gateway could send it rooms.
    """

    def __init__(self, local: LocalCluster, scaler: Autoscaler, signal: Signal, began: float) -> None:
        self._local, self._scaler, self._signal, self._began = local, scaler, signal, began
        self._query = manifests.query()
        self._work: set[asyncio.Task[None]] = set()
        self.ready: list[Replica] = list(local.replicas)
        self.starting = 0
        self.started_s: list[float] = []

    async def run(self, until_s: float) -> None:
        """Decides every `hpa.SYNC_S`; ends when all that it began has ended. Raises ClusterError."""
        async with asyncio.TaskGroup() as work:
            for sync in range(round(until_s / hpa.SYNC_S)):
                await asyncio.sleep(max(0.0, self._began + sync * hpa.SYNC_S - time.perf_counter()))
                for each in await self._decide():
                    work.create_task(each)
                    await asyncio.sleep(_APART_S)

    async def _decide(self) -> list[Coroutine[None, None, None]]:
        """What is to be done now."""
        replicas, ready = len(self.ready) + self.starting, len(self.ready)
        seen: Mapping[Signal, float] | None = None
        try:
            samples = await asyncio.to_thread(self._local.prometheus.query, self._query)
            seen = {self._signal: samples[0].value} if samples else {}
        except ClusterError:
            pass  # Prometheus is down: the autoscaler has its rules for that
        now = time.perf_counter() - self._began
        wanted = self._scaler.decide(now, Pods(replicas, ready, self.starting), seen)
        self.starting += max(0, wanted - replicas)
        leaving = [self.ready.pop() for _ in range(min(replicas - wanted, ready - 1))]
        return [self._start() for _ in range(wanted - replicas)] + [self._drain(each) for each in leaving]

    async def _start(self) -> None:
        ordered = time.perf_counter()
        self.ready.append(await asyncio.to_thread(self._local.add_replica))
        self.starting -= 1
        self.started_s.append(time.perf_counter() - ordered)

    async def _drain(self, replica: Replica) -> None:
        await asyncio.to_thread(self._local.remove_replica, replica)
