"""Rooms and replicas as objects, for the simulation that goes room by room."""

from dataclasses import dataclass, field

from perf.autoscale.traffic import Start


@dataclass(eq=False)
class Room:
    """An open room, or one that wants to be. ends_at: when its host goes off the air, once it is open."""

    start: Start
    ends_at: float | None = None
    replica: "Replica | None" = None
    waiting_since: float | None = None


@dataclass(eq=False)
class Replica:
    """A replica that is paid for. replays: that it is working on. since: of its present load."""

    ready: bool = False
    gone: bool = False
    rooms: dict[Room, None] = field(default_factory=dict)
    replays: int = 0
    since: float = 0.0
