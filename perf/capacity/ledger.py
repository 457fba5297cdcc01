"""What a simulated day comes to: sums over its rooms and replicas, and a timeline."""

from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Moment:
    """The cluster at `at_s`: replicas paid for, of which `ready`; rooms open, and refused ones that wait."""

    at_s: float
    replicas: int
    ready: int
    rooms: int
    waiting: int


@dataclass
class Ledger:
    """Sums over a day; what ends in `_s` is seconds, of rooms or of replicas, and of all of them together.

    Attributes:
        starts: rooms that wanted to open.
        refused: at their first tries.
        gave_up: never got in.
        moved: whose replica was scaled down or failed.
        dropped: that found no other in time.
        room_s: open.
        late_s: open on a replica that carries more than the service level bears.
        waiting_s: refused, and trying again.
        gap_s: moving.
        replica_s: paid for, from the order on.
    """

    starts: int = 0
    refused: int = 0
    gave_up: int = 0
    moved: int = 0
    dropped: int = 0
    room_s: float = 0.0
    late_s: float = 0.0
    waiting_s: float = 0.0
    gap_s: float = 0.0
    replica_s: float = 0.0

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(*(getattr(self, member.name) + getattr(other, member.name) for member in fields(self)))

    @property
    def bad_s(self) -> float:
        """Room-seconds without captions in time, whatever the reason."""
        return self.late_s + self.waiting_s + self.gap_s

    @property
    def bad_share(self) -> float:
        """Of the room-seconds that were wanted."""
        wanted = self.room_s + self.waiting_s + self.gap_s
        return self.bad_s / wanted if wanted else 0.0

    def per_1000_room_hours(self, price: float) -> float:
        """Cost where a replica-hour costs `price`."""
        return 1000 * price * self.replica_s / self.room_s if self.room_s else 0.0


@dataclass
class Books:
    """Ledgers of a day that begins at 0: the burst and the time after it by itself, the rest; and a timeline.

    Attributes:
        burst: (from, until) in seconds, empty without one. What is before 0 warms up and is not counted.
        every_s: of the timeline.
    """

    burst: tuple[float, float] = (0.0, 0.0)
    every_s: float = 60.0
    rest: Ledger = field(default_factory=Ledger)
    bursting: Ledger = field(default_factory=Ledger)
    timeline: list[Moment] = field(default_factory=list)
    _unused: Ledger = field(default_factory=Ledger)

    def at(self, now: float) -> Ledger:
        """The ledger for what happens at `now`."""
        if now < 0:
            return self._unused
        return self.bursting if self.burst[0] <= now < self.burst[1] else self.rest

    @property
    def day(self) -> Ledger:
        """All of it."""
        return self.rest + self.bursting

    @property
    def peak(self) -> int:
        """The most replicas at a time."""
        return max((moment.replicas for moment in self.timeline), default=0)

    def note(self, moment: Moment) -> None:
        """Adds to the timeline, no more than once in `every_s`."""
        if moment.at_s < 0:
            return
        if not self.timeline or moment.at_s >= self.timeline[-1].at_s + self.every_s - 1e-6:
            self.timeline.append(moment)
