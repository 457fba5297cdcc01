"""The same day under each policy, and which of them are worth their cost."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from perf.autoscale.cluster import Cluster
from perf.autoscale.events import Events
from perf.autoscale.ledger import Books
from perf.autoscale.node import Node
from perf.autoscale.occupancy import Occupancy
from perf.autoscale.policy import Policy
from perf.autoscale.traffic import DAY_S, HOUR_S, Start, Traffic

WARM_UP_S = 3600.0
BURST_S = HOUR_S
"""How long after a burst what happens is counted as its consequence."""
START_SHARE = 0.7
"""Of their slots that replicas carry when the warm-up begins."""
COST_NOISE, BAD_NOISE = 0.02, 0.2
"""What seeds change, as shares: differences of costs, and of bad room-time, that mean nothing."""


@dataclass(frozen=True)
class Scenario:
    """What all policies have to live through."""

    cluster: Cluster
    node: Node
    traffic: Traffic
    seed: int
    until_s: float = DAY_S

    @property
    def books(self) -> Books:
        """Empty ones."""
        burst = self.traffic.burst
        return Books((burst.at_s, burst.at_s + BURST_S) if burst else (0.0, 0.0))

    def beginning(self, policy: Policy) -> tuple[int, int]:
        """Replicas and rooms when the warm-up begins."""
        rooms = round(self.traffic.rooms * self.traffic.shape(-WARM_UP_S))
        replicas = max(policy.least, 1, math.ceil(rooms / (START_SHARE * self.node.slots)))
        return min(replicas, policy.most), rooms

    def by_occupancy(self, policy: Policy) -> Books:
        """The day as counts of replicas."""
        replicas, rooms = self.beginning(policy)
        run = Occupancy(self.cluster, self.node, self.traffic, policy, self.books, self.seed)
        return run.run(-WARM_UP_S, self.until_s, replicas=replicas, rooms=rooms)

    def by_events(self, policy: Policy) -> Books:
        """The day room by room."""
        replicas, rooms = self.beginning(policy)
        draw = np.random.default_rng([self.seed, 1])
        stays = self.traffic.stays
        lasting = np.array([stay.share * stay.mean_s for stay in stays])
        kinds = draw.choice(len(stays), rooms, p=lasting / lasting.sum())
        there = [Start(-WARM_UP_S, float(draw.exponential(stays[kind].mean_s)), int(kind)) for kind in kinds]
        run = Events(self.cluster, self.node, policy, self.books, self.seed)
        starts = self.traffic.starts(-WARM_UP_S, self.until_s, draw)
        return run.run(starts, -WARM_UP_S, self.until_s, replicas=replicas, open_rooms=there)


def frontier(results: Sequence[tuple[float, float]]) -> list[bool]:
    """Of (cost, bad) each: whether no other is better, by more than other seeds would make it, in both."""
    return [
        not any(
            cost * (1 + COST_NOISE) < mine[0] and bad * (1 + BAD_NOISE) < mine[1] for cost, bad in results
        )
        for mine in results
    ]


def compare(
    scenario: Scenario, policies: Sequence[Policy], told: Callable[[str], None]
) -> list[tuple[Policy, Books]]:
    """Each policy's day. told: gets the name of each that is begun."""
    found = []
    for policy in policies:
        told(policy.name)
        found.append((policy, scenario.by_occupancy(policy)))
    return found
