"""What a load generator is asked to do, and the lines of JSON in which it tells what it saw."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Load:
    """Rooms to play, each for `seconds`.

    address: of the server's gRPC, or of a gateway, as the client takes it. token_file, ca: for a gateway, or
    empty. profile: see `Profile.to_json`. joins: fields of each
    `schedule.Join`. alone: one room after another as fast as it is served, instead of all at real-time pace.
    limit_s: the generator gives up after this long.
    """

    address: str
    profile: Mapping[str, object]
    joins: tuple[Mapping[str, float], ...]
    seed: int
    seconds: float
    limit_s: float
    alone: bool = False
    token_file: str = ""
    ca: str = ""


@dataclass(frozen=True)
class Ready:
    """The generator has prepared every chunk, and waits for a line with the moment to begin."""


@dataclass(frozen=True)
class Joined:
    """A room has opened its stream."""

    room: int


@dataclass(frozen=True)
class Heard:
    """A caption has arrived.

    pts_start, pts_end: seconds of the room's audio. words: in its text. due_s: when the chunk was due that
    the caption could be known from (see `latency.Decided`), seconds since the start of the step. latency_s:
    from then until the caption's arrival. spoken_s: from when the caption's last sample was spoken.
    """

    room: int
    kind: str
    pts_start: float
    pts_end: float
    words: int
    due_s: float
    latency_s: float
    spoken_s: float


@dataclass(frozen=True)
class Seen:
    """It has arrived what a frame shows.

    due_s: when the frame was taken, seconds since the start of the step. latency_s: from then. faces: in it.
    """

    room: int
    due_s: float
    latency_s: float
    faces: int


@dataclass(frozen=True)
class Pulse:
    """Once a second, of one generator process.

    at_s: seconds since the start of the step. lateness_s: of whatever the generator did by the clock since
    the last pulse, how much later it did it. sent_after_s: of each chunk sent since then, the time from when
    it was due until it was on its way. round_trip_s: of a call that runs no model, on the connection of the
    rooms; None where it failed. frames_sent, frames_dropped: since the last pulse, of all rooms.
    """

    at_s: float
    lateness_s: tuple[float, ...]
    sent_after_s: tuple[float, ...]
    round_trip_s: float | None
    frames_sent: int = 0
    frames_dropped: int = 0


@dataclass(frozen=True)
class Ended:
    """A room has received its last caption. error: why it ended early, or None.

    reconnects: how often another server took it over. replay_lost_s: seconds of its audio that were too old
    to be said again then. duplicates: finals that came twice, and that the client left out.
    """

    room: int
    error: str | None
    reconnects: int = 0
    replay_lost_s: float = 0.0
    duplicates: int = 0


Message = Ready | Joined | Heard | Seen | Pulse | Ended
_KINDS: Mapping[str, type[Message]] = {
    kind.__name__: kind for kind in (Ready, Joined, Heard, Seen, Pulse, Ended)
}


def encode(message: Message) -> str:
    """One line."""
    return json.dumps([type(message).__name__, asdict(message)], separators=(",", ":"))


def decode(line: str) -> Message:
    """The message that `encode` made a line of."""
    name, fields = json.loads(line)
    return _KINDS[name](**fields)
