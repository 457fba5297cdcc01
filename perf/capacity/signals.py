"""What Prometheus would see of the replicas, and what the autoscaler is told of it, when."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from perf.capacity.node import Floats, Node

Signal = Literal["rooms", "rooms_per_slot", "cpu", "pending", "pending_mean", "queue_s", "refusals"]
"""rooms: open rooms over the slots of a replica: as many replicas as they would fill. rooms_per_slot: open
rooms over all slots. cpu: cores of all ready replicas.
pending: requests in all queues, pending_mean: of a replica. queue_s: of a request, over a minute.
refusals: a second, over a minute."""

SCRAPE_S = 5.0
"""Prometheus's scrape interval, and that of its rules, in `k8s/base/monitoring`."""
RATE_SCRAPES = 12
"""A minute, the range of `rate()` in the recording rules."""
CPU_SCRAPES = 3
"""15 s, metrics-server's default resolution."""


@dataclass(frozen=True)
class Scrape:
    """All ready replicas at a moment; `queued` is seconds spent in queues per second, `refused` a counter."""

    ready: int
    rooms: float
    cpu: float
    pending: float
    queued: float
    refused: float


@dataclass
class Monitor:
    """Scrapes of a minute, and the signals that come of them."""

    node: Node
    _scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=RATE_SCRAPES + 1))

    def __post_init__(self) -> None:
        self._rooms: Floats = np.arange(self.node.slots + 1, dtype=np.float64)
        self._queued: Floats = self._rooms * self.node.queue_s  # requests grow with rooms

    def scrape(self, by_rooms: np.ndarray[tuple[int], np.dtype[np.int64]], refused: int) -> None:
        """Looks at ready replicas: how many carry 0, 1, ... rooms; and at the counter of refused starts."""
        node = self.node
        self._scrapes.append(
            Scrape(
                int(by_rooms.sum()),
                float(by_rooms @ self._rooms),
                float(by_rooms @ node.cpu),
                float(by_rooms @ node.pending),
                float(by_rooms @ self._queued),
                float(refused),
            )
        )

    def told(self) -> Mapping[Signal, float]:
        """The signals as of the last scrape; none where no replica was ready then."""
        if not self._scrapes or not self._scrapes[-1].ready:
            return {}
        last, first, slots = self._scrapes[-1], self._scrapes[0], self.node.slots
        minute = list(self._scrapes)[-RATE_SCRAPES:]
        rooms = sum(scrape.rooms for scrape in minute)
        recent = list(self._scrapes)[-CPU_SCRAPES:]
        cpu = sum(scrape.cpu / max(scrape.ready, 1) for scrape in recent) / len(recent)
        refusals = (last.refused - first.refused) / (SCRAPE_S * max(len(self._scrapes) - 1, 1))
        return {
            "rooms": last.rooms / slots,
            "rooms_per_slot": last.rooms / (slots * last.ready),
            "cpu": cpu * last.ready,
            "pending": last.pending,
            "pending_mean": last.pending / last.ready,
            "queue_s": sum(scrape.queued for scrape in minute) / rooms if rooms else 0.0,
            "refusals": refusals,
        }
