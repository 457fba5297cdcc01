"""What surrounds the replicas: start-up, gateway, clients, failures, and how old metrics are."""

from dataclasses import dataclass

SCRAPE_S = 5.0
"""Prometheus's scrape interval, and that of its rules, in `k8s/base/monitoring`."""


@dataclass(frozen=True)
class StartUp:
    """Seconds from the order of a replica until it is ready.

    node_s: until there is a machine. image_s: until its image is there. load_s: of weights or engines, until
    the server is ready: 12 s is the embedded server with `captions` on two cores. warm_up_s: until the first
    answers are as fast as the later ones. The others are assumed, and depend on the cloud.
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
    """Times in seconds.

    balance: `hash_balance_factor` of Envoy, percent, as shipped. tries: that a client makes at once with a
    room that is refused (its `Retries.attempts`), each on another hash. retry_s: mean time to its next tries,
    which are the platform's, until `patience_s` is over.
    reconnect_s: the same for a room that has lost its replica (`Timeouts.reconnect` of the client).
    gap_s: without captions when a room moves. replay_rooms, replay_s: what the replay costs its new replica,
    in rooms, and for how long. failures_per_day: of a replica. scrape_s: of Prometheus, and of its rules.
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
    scrape_s: float = SCRAPE_S


def bound(rooms: int, replicas: int, balance: int) -> int:
    """Rooms up to which a replica may be given one more, with `rooms` on `replicas` of equal weight.

    Envoy, source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc, hostOverloadFactor: slots
    are `balance` percent of the mean with the new room, rounded up, at least 1; a host with no more active
    requests than that may be chosen (so it may end with one more). Of these the hash picks each as likely.
    """
    total = ((rooms + 1) * balance + 99) // 100
    return max(1, -(-total // replicas))
