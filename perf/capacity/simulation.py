"""The cluster as counts: how many replicas carry 0, 1, 2 ... rooms. A million cost as much as a thousand.

Time goes in steps of `STEP_S`. What it leaves out: rooms of a kind are alike, so who leaves is drawn from all
replicas, however old; of a small part of a step's rooms no two land on one replica; replays that overlap on a
replica are late each by itself. docs/autoscaling.md says how far it can be believed.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from perf.capacity import hpa
from perf.capacity.hpa import Pods
from perf.capacity.ledger import Books, Moment
from perf.capacity.policies import Autoscaler, Policy
from perf.capacity.scenario import WARM_UP_S, Scenario, bound
from perf.capacity.signals import SCRAPE_S, Monitor
from perf.capacity.traffic import DAY_S

STEP_S = SCRAPE_S
_PART = 8
"""Rooms placed at once: at most one to each 8 replicas that may be chosen, so that the choice stays fresh."""
Counts = NDArray[np.int64]


def simulate(scenario: Scenario, policy: Policy) -> Books:
    """What a day under a policy comes to."""
    replicas, rooms = scenario.beginning(policy)
    run = Simulation(scenario, policy)
    return run.run(-WARM_UP_S, scenario.until_s, replicas=replicas, rooms=rooms)


class Simulation:
    """One run."""

    def __init__(self, scenario: Scenario, policy: Policy) -> None:
        self._cluster, self._node, self._traffic = scenario.cluster, scenario.node, scenario.traffic
        self.books = scenario.books
        self._draw = np.random.default_rng(scenario.seed)
        self._autoscaler = Autoscaler(policy, self._node)
        self._monitor = Monitor(self._node)
        node, traffic = self._node, self._traffic
        self._rooms: Counts = np.arange(node.slots + 1)
        self._by_rooms: Counts = np.zeros(node.slots + 1, np.int64)
        self._leave = np.array([1 - np.exp(-STEP_S / stay.mean_s) for stay in traffic.stays])
        self._kinds: Counts = np.zeros(len(traffic.stays), np.int64)
        self._coming: list[tuple[float, int]] = []
        self._waiting: deque[int] = deque()
        self._homeless: deque[int] = deque()
        self._refused = 0

    def run(self, since_s: float, until_s: float = DAY_S, *, replicas: int, rooms: int) -> Books:
        """From `since_s` to `until_s`; `rooms` are there at first, spread evenly over `replicas`."""
        on_all, more = divmod(min(rooms, replicas * self._node.slots), replicas)
        self._by_rooms[on_all] += replicas - more
        if more:
            self._by_rooms[on_all + 1] += more
        lasting = np.array([stay.share * stay.mean_s for stay in self._traffic.stays])
        self._kinds = self._draw.multinomial(self._open, lasting / lasting.sum())
        for step in range(round((until_s - since_s) / STEP_S)):
            self._step(since_s + step * STEP_S)
        return self.books

    @property
    def _open(self) -> int:
        return int(self._by_rooms @ self._rooms)

    @property
    def _replicas(self) -> int:
        return int(self._by_rooms.sum()) + sum(count for _, count in self._coming)

    def _step(self, now: float) -> None:
        ledger = self.books.at(now)
        self._by_rooms[0] += sum(count for at, count in self._coming if at <= now)
        self._coming = [(at, count) for at, count in self._coming if at > now]
        self._depart()
        moving = self._fail(now)
        if now % hpa.SYNC_S == 0:
            moving += self._scale(now)
        ledger.moved += moving
        ledger.gap_s += moving * self._cluster.gap_s
        self._arrive(now, moving)
        ledger.room_s += self._open * STEP_S
        late = self._rooms > self._node.limit
        ledger.late_s += float(self._by_rooms @ (self._rooms * late)) * STEP_S
        ledger.waiting_s += sum(self._waiting) * STEP_S
        ledger.gap_s += sum(self._homeless) * STEP_S
        ledger.replica_s += self._replicas * STEP_S
        self._monitor.scrape(self._by_rooms, self._refused)
        waiting = sum(self._waiting)
        self.books.note(Moment(now, self._replicas, int(self._by_rooms.sum()), self._open, waiting))

    def _depart(self) -> None:
        """Rooms that end, of each kind as many as its mean stay says, from any replica."""
        ending = self._draw.binomial(self._kinds, self._leave)
        self._kinds -= ending
        left = int(ending.sum())
        while left:
            gone = self._draw.multivariate_hypergeometric(self._by_rooms * self._rooms, left)
            hit = np.minimum(gone, self._by_rooms)  # a replica loses one at a time
            self._by_rooms -= hit
            self._by_rooms[:-1] += hit[1:]
            left -= int(hit.sum())

    def _fail(self, now: float) -> int:
        """Replicas that fail, and are started again; returns the rooms they had."""
        rate = self._cluster.failures_per_day / DAY_S
        failed = int(self._draw.binomial(int(self._by_rooms.sum()), rate * STEP_S))
        if failed:
            self._coming.append((now + self._cluster.start_up.restart_s, failed))
        return self._remove(failed)

    def _remove(self, replicas: int) -> int:
        """Takes away ready replicas at random; returns the rooms they had."""
        if not replicas:
            return 0
        gone = self._draw.multivariate_hypergeometric(self._by_rooms, replicas)
        self._by_rooms -= gone
        return int(gone @ self._rooms)

    def _scale(self, now: float) -> int:
        """Does as the autoscaler says; returns the rooms of replicas that were taken away.

        Those that start go first (Kubernetes deletes pods that are not ready before others), then any: what
        it prefers among ready ones (the youngest, in rough classes of age) says little of their rooms.
        """
        ready, replicas = int(self._by_rooms.sum()), self._replicas
        pods = Pods(replicas, ready, replicas - ready)
        wanted = self._autoscaler.decide(now, pods, self._monitor.told())
        if wanted > replicas:
            self._coming.append((now + self._cluster.start_up.order_s, wanted - replicas))
        surplus = max(0, replicas - wanted)
        for at in range(len(self._coming) - 1, -1, -1):
            ready_at, count = self._coming[at]
            canceled = min(count, surplus)
            self._coming[at] = (ready_at, count - canceled)
            surplus -= canceled
        return self._remove(min(surplus, int(self._by_rooms.sum())))

    def _arrive(self, now: float, moving: int) -> None:
        """Places rooms that lost their replica first, then new ones and those that try again."""
        ledger, cluster = self.books.at(now), self._cluster
        homeless = moving + sum(self._homeless)
        placed = self._place(homeless, now, replay=True)
        self._homeless.append(moving)
        dropped = _settle(self._homeless, placed, cluster.reconnect_s, self._draw)
        ledger.dropped += dropped
        self._kinds -= self._draw.multivariate_hypergeometric(self._kinds, dropped)
        fresh = int(self._draw.poisson(self._traffic.rate(now) * STEP_S))
        trying = np.array(self._waiting, np.int64)
        again = int(self._draw.binomial(trying, 1 - np.exp(-STEP_S / cluster.retry_s)).sum())
        admitted = self._place(fresh, now)
        late = self._place(again, now)
        ledger.starts += fresh
        ledger.refused += fresh - admitted
        ledger.waiting_s -= (fresh - admitted) * STEP_S / 2  # who comes within a step waits for half of it
        self._waiting.append(fresh - admitted)
        ledger.gave_up += _settle(self._waiting, late, cluster.patience_s, self._draw)
        shares = [stay.share for stay in self._traffic.stays]
        self._kinds += self._draw.multinomial(admitted + late, shares)

    def _place(self, rooms: int, now: float, *, replay: bool = False) -> int:
        """Gives each of `rooms` a replica as the gateway would; returns how many were taken in."""
        slots, left, taken = self._node.slots, rooms, 0
        while left:
            replicas = int(self._by_rooms.sum())
            if not self._by_rooms[:-1].any():
                break
            top = min(bound(self._open, replicas, self._cluster.balance), slots)
            eligible = self._by_rooms[: top + 1].copy()
            count = min(left, max(1, int(eligible.sum()) // _PART), int(eligible.sum()))
            chosen = self._draw.multivariate_hypergeometric(eligible, count)
            if top == slots:
                full = int(chosen[slots])
                chosen[slots] = 0
                chosen += self._try_again(eligible, chosen, full)
            self._by_rooms[: top + 1] -= chosen
            self._by_rooms[1 : min(top + 2, slots + 1)] += chosen[:slots]
            if replay:
                self._replay(chosen, now)
            left -= count
            taken += int(chosen.sum())
        self._refused += (rooms - taken) * self._cluster.tries
        return taken

    def _try_again(self, eligible: Counts, chosen: Counts, full: int) -> Counts:
        """Where those of `full` rooms land that met a full replica, and a free one at a later try."""
        slots, extra = self._node.slots, np.zeros_like(chosen)
        free = np.maximum(eligible - chosen, 0)
        free[slots] = 0
        met = float(eligible[slots]) / float(eligible.sum())
        lucky = int(self._draw.binomial(full, 1 - met ** (self._cluster.tries - 1)))
        self._refused += full
        lucky = min(lucky, int(free.sum()))
        if lucky:
            extra = self._draw.multivariate_hypergeometric(free, lucky)
        return extra

    def _replay(self, chosen: Counts, now: float) -> None:
        """A replay weighs on the rooms of the replica where it lands: late, where it was not before."""
        rooms = self._rooms[: len(chosen)] + 1
        heavy = (rooms + self._cluster.replay_rooms > self._node.limit) & (rooms <= self._node.limit)
        self.books.at(now).late_s += float(chosen @ (rooms * heavy)) * self._cluster.replay_s


def _settle(queue: deque[int], placed: int, patience_s: float, draw: np.random.Generator) -> int:
    """Takes `placed` rooms out of a queue of one entry a step; returns those whose patience is over."""
    if placed:
        taken = draw.multivariate_hypergeometric(np.array(queue, np.int64), placed)
        for at, count in enumerate(taken):
            queue[at] -= int(count)
    gone = 0
    while len(queue) > patience_s / STEP_S:
        gone += queue.popleft()
    return gone
