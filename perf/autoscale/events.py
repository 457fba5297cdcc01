"""The cluster room by room: the reference, for up to some thousand rooms. Time goes from event to event."""

import heapq
import itertools
from collections.abc import Callable, Iterable

import numpy as np

from perf.autoscale import hpa
from perf.autoscale.cluster import Cluster, bound
from perf.autoscale.entities import Replica, Room
from perf.autoscale.hpa import Pods
from perf.autoscale.ledger import Books, Moment
from perf.autoscale.node import Node
from perf.autoscale.policy import Autoscaler, Policy
from perf.autoscale.signals import Monitor, Signal
from perf.autoscale.traffic import DAY_S, Start

RULES_AFTER = 0.5
"""Of an interval, between scrapes and rules: Prometheus spreads both by a hash."""


class Events:
    """One run."""

    def __init__(self, cluster: Cluster, node: Node, policy: Policy, books: Books, seed: int) -> None:
        self._cluster, self._node, self.books = cluster, node, books
        self._draw = np.random.default_rng(seed)
        self._autoscaler = Autoscaler(policy, node)
        self._monitor = Monitor(node)
        self._told: dict[Signal, float] = {}
        self._replicas: list[Replica] = []
        self._ready: list[Replica] = []
        self._waiting: dict[Room, None] = {}
        self._refused = 0
        self._open = 0
        self._now = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def run(
        self,
        starts: Iterable[Start],
        since_s: float,
        until_s: float = DAY_S,
        *,
        replicas: int,
        open_rooms: Iterable[Start] = (),
    ) -> Books:
        """From `since_s` to `until_s`, with rooms that come as `starts`, by time.

        At first there are `replicas`, which are ready, and `open_rooms`.
        """
        self._now = since_s
        for _ in range(replicas):
            self._order(0.0)
        self._drain(since_s)
        for start in open_rooms:
            self._open_room(Room(start), moved=False)
        period = self._cluster.scrape_s
        self._every(period, since_s, self._scrape)
        self._every(period, since_s + RULES_AFTER * period, self._evaluate)
        self._every(hpa.SYNC_S, since_s, self._scale)
        for start in starts:
            if start.at_s >= until_s:
                break
            self._drain(start.at_s)
            self._now = start.at_s
            self._arrive(Room(start))
        self._drain(until_s)
        for replica in self._replicas:
            self._account(replica)
        return self.books

    def _drain(self, until: float) -> None:
        """Everything that happens up to `until`, and at it."""
        while self._queue and self._queue[0][0] <= until:
            self._now, _, happen = heapq.heappop(self._queue)
            happen()

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (moment, next(self._number), happen))

    def _every(self, period: float, first: float, happen: Callable[[], None]) -> None:
        def again() -> None:
            happen()
            self._at(self._now + period, again)

        self._at(first, again)

    def _order(self, takes_s: float) -> None:
        """A new replica, ready after `takes_s`."""
        replica = Replica()
        self._replicas.append(replica)
        self._at(self._now + takes_s, lambda: self._become_ready(replica))

    def _become_ready(self, replica: Replica) -> None:
        if replica.gone:
            return
        replica.ready, replica.since = True, self._now
        self._ready.append(replica)
        if self._cluster.failures_per_day:
            mean_s = DAY_S / self._cluster.failures_per_day
            self._at(self._now + self._draw.exponential(mean_s), lambda: self._fail(replica))

    def _fail(self, replica: Replica) -> None:
        if replica.ready:
            self._vacate(replica)
            self._at(self._now + self._cluster.start_up.restart_s, lambda: self._become_ready(replica))

    def _vacate(self, replica: Replica) -> None:
        """The replica's rooms look for another."""
        self._account(replica)
        replica.ready = False
        self._ready.remove(replica)
        rooms, replica.rooms = list(replica.rooms), {}
        self._open -= len(rooms)
        for room in rooms:
            room.replica, room.waiting_since = None, self._now
            self.books.at(self._now).moved += 1
            self.books.at(self._now).gap_s += self._cluster.gap_s
            self._move(room)

    def _move(self, room: Room) -> None:
        """A room without a replica looks for one, for as long as its client does."""
        ledger, since = self.books.at(self._now), room.waiting_since or self._now
        if room.ends_at is not None and room.ends_at <= self._now:
            return
        if self._open_room(room, moved=True):
            ledger.gap_s += self._now - since
        elif self._now - since >= self._cluster.reconnect_s:
            ledger.gap_s += self._now - since
            ledger.dropped += 1
        else:
            self._at(self._now + 1.0, lambda: self._move(room))

    def _arrive(self, room: Room) -> None:
        """A new room, which waits and tries again if it is refused."""
        ledger = self.books.at(self._now)
        ledger.starts += 1
        if not self._open_room(room, moved=False):
            ledger.refused += 1
            room.waiting_since = self._now
            self._waiting[room] = None
            self._try_later(room)

    def _try_later(self, room: Room) -> None:
        self._at(self._now + self._draw.exponential(self._cluster.retry_s), lambda: self._try_again(room))

    def _try_again(self, room: Room) -> None:
        ledger, since = self.books.at(self._now), room.waiting_since or self._now
        gave_up = self._now - since >= self._cluster.patience_s
        if gave_up or self._open_room(room, moved=False):
            del self._waiting[room]
            ledger.gave_up += gave_up
            ledger.waiting_s += min(self._now - since, self._cluster.patience_s)
        else:
            self._try_later(room)

    def _open_room(self, room: Room, *, moved: bool) -> bool:
        """Tries replicas as the gateway picks them; a refusal costs a try. Returns whether one took it."""
        for _ in range(self._cluster.tries):
            replica = self._pick()
            if replica is not None and len(replica.rooms) < self._node.slots:
                self._admit(room, replica, moved=moved)
                return True
            self._refused += replica is not None
        return False

    def _admit(self, room: Room, replica: Replica, *, moved: bool) -> None:
        self._account(replica)
        replica.rooms[room] = None
        room.replica = replica
        self._open += 1
        if room.ends_at is None:
            room.ends_at = self._now + room.start.stay_s
            self._at(room.ends_at, lambda: self._end(room))
        if moved:
            replica.replays += 1
            self._at(self._now + self._cluster.replay_s, lambda: self._replayed(replica))

    def _pick(self) -> Replica | None:
        """Envoy's Maglev with bounded load: any replica within the bound, each as likely."""
        if not self._ready:
            return None
        most = bound(self._open, len(self._ready), self._cluster.balance)
        for at in self._draw.permutation(len(self._ready)) if len(self._ready) < 8 else self._hashes():
            if len(self._ready[at].rooms) <= most:
                return self._ready[at]
        return min(self._ready, key=lambda replica: len(replica.rooms))

    def _hashes(self) -> "Iterable[int]":
        yield from self._draw.integers(0, len(self._ready), 16)
        yield from self._draw.permutation(len(self._ready))

    def _end(self, room: Room) -> None:
        replica = room.replica
        if replica is not None:
            self._account(replica)
            del replica.rooms[room]
            room.replica = None
            self._open -= 1

    def _replayed(self, replica: Replica) -> None:
        self._account(replica)
        replica.replays -= 1

    def _account(self, replica: Replica) -> None:
        """Books what `replica` has carried since its load last changed."""
        ledger, passed, rooms = self.books.at(self._now), self._now - replica.since, len(replica.rooms)
        ledger.room_s += rooms * passed
        if rooms + replica.replays * self._cluster.replay_rooms > self._node.limit:
            ledger.late_s += rooms * passed
        replica.since = self._now

    def _scrape(self) -> None:
        rooms = [len(replica.rooms) for replica in self._ready]
        self._monitor.scrape(np.bincount(rooms, minlength=self._node.slots + 1), self._refused)
        self.books.at(self._now).replica_s += len(self._replicas) * self._cluster.scrape_s
        at = (len(self._replicas), len(self._ready), self._open, len(self._waiting))
        self.books.note(Moment(self._now, *at))

    def _evaluate(self) -> None:
        self._told = dict(self._monitor.told())

    def _scale(self) -> None:
        """Does as the autoscaler says; replicas that start go first, then any, as in `Occupancy`."""
        replicas, ready = len(self._replicas), len(self._ready)
        wanted = self._autoscaler.decide(self._now, Pods(replicas, ready, replicas - ready), self._told)
        for _ in range(wanted - replicas):
            self._order(self._cluster.start_up.order_s)
        for _ in range(replicas - wanted):
            starting = [replica for replica in self._replicas if not replica.ready]
            replica = starting[-1] if starting else self._ready[self._draw.integers(len(self._ready))]
            replica.gone = True
            self._replicas.remove(replica)
            if replica.ready:
                self._vacate(replica)
