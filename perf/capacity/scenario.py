"""What all policies have to live through: the replicas, what surrounds them, and the traffic."""

import math
from dataclasses import dataclass

from perf.capacity.ledger import Books
from perf.capacity.node import Node
from perf.capacity.policies import Policy
from perf.capacity.traffic import DAY_S, HOUR_S, Traffic

WARM_UP_S = 3600.0
BURST_S = HOUR_S
"""How long after a burst what happens is counted as its consequence."""
START_SHARE = 0.7
"""Of their slots that replicas carry when the warm-up begins."""


@dataclass(frozen=True)
class StartUp:
    """Seconds from the order of a replica until it is ready; those of machine and image depend on the cloud.

    Attributes:
        node_s: until there is a machine.
        image_s: until its image is there.
        load_s: of weights or engines, until the server is ready; 12 s is the embedded server with `captions`
            on two cores.
        warm_up_s: until the first answers are as fast as the later ones.
    """

    node_s: float = 60.0
    image_s: float = 30.0
    load_s: float = 12.0
    warm_up_s: float = 3.0

    @property
    def order_s(self) -> float:
        """Of a new replica."""
        return self.node_s + self.image_s + self.load_s + self.warm_up_s

    @property
    def restart_s(self) -> float:
        """Of one that failed: the machine and the image are there."""
        return self.load_s + self.warm_up_s


@dataclass(frozen=True)
class Cluster:
    """What surrounds the replicas; times in seconds.

    Attributes:
        start_up: of a replica.
        balance: `hash_balance_factor` of Envoy, percent, as shipped.
        tries: that a client makes at once with a room that is refused (its `Retries.attempts`).
        retry_s: mean time to its next tries, which are the platform's, until `patience_s` is over.
        reconnect_s: the same for a room that has lost its replica (`Timeouts.reconnect` of the client).
        gap_s: without captions when a room moves.
        replay_rooms, replay_s: what the replay costs its new replica, in rooms, and for how long.
        failures_per_day: of a replica.
    """

    start_up: StartUp = StartUp()
    balance: int = 110
    tries: int = 3
    retry_s: float = 10.0
    patience_s: float = 300.0
    reconnect_s: float = 20.0
    gap_s: float = 2.0
    replay_rooms: int = 1
    replay_s: float = 5.0
    failures_per_day: float = 0.05


def bound(rooms: int, replicas: int, balance: int) -> int:
    """Rooms up to which a replica may be given one more, with `rooms` on `replicas` of equal weight.

    Envoy, source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc, hostOverloadFactor: slots
    are `balance` percent of the mean with the new room, rounded up, at least 1; a host with no more active
    requests than that may be chosen (so it may end with one more). Of these the hash picks each as likely.
    """
    total = ((rooms + 1) * balance + 99) // 100
    return max(1, -(-total // replicas))


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
