"""What a load generator is asked to do, and the lines of JSON in which it tells what it saw."""

import msgspec
from msgspec import Struct

from perf.rooms.profile import Profile
from perf.rooms.schedule import Join


class Load(Struct, frozen=True, kw_only=True):
    """Rooms to play.

    Attributes:
        address: of the server's gRPC, or of a gateway, as the client takes it.
        token_file, ca: for a gateway, or empty.
        profile: what the rooms are like.
        joins: which of them, and when.
        seed: of what they say.
        seconds: for each.
        limit_s: the generator gives up after this long.
        alone: one room after another as fast as it is served, instead of all at real-time pace.
    """

    address: str
    profile: Profile
    joins: tuple[Join, ...]
    seed: int
    seconds: float
    limit_s: float
    alone: bool = False
    token_file: str = ""
    ca: str = ""


class _Message(Struct, frozen=True, tag=True):
    pass


class Ready(_Message, frozen=True):
    """The generator has prepared every chunk, and waits for a line with the moment to begin."""


class Joined(_Message, frozen=True):
    """A room has opened its stream."""

    room: int


class Heard(_Message, frozen=True):
    """A caption has arrived.

    Attributes:
        room: its number.
        kind: "partial" or "final".
        pts_start, pts_end: seconds of the room's audio.
        words: in its text.
        due_s: when the chunk was due that the caption could be known from (see `latency.Decided`), seconds
            since the start of the step.
        latency_s: from then until the caption's arrival.
        spoken_s: from when the caption's last sample was spoken.
    """

    room: int
    kind: str
    pts_start: float
    pts_end: float
    words: int
    due_s: float
    latency_s: float
    spoken_s: float


class Seen(_Message, frozen=True):
    """It has arrived what a frame shows.

    Attributes:
        room: its number.
        due_s: when the frame was taken, seconds since the start of the step.
        latency_s: from then.
        faces: in it.
    """

    room: int
    due_s: float
    latency_s: float
    faces: int


class Pulse(_Message, frozen=True):
    """Once a second, of one generator process; each since the last pulse.

    Attributes:
        at_s: seconds since the start of the step.
        lateness_s: of whatever the generator did by the clock, how much later it did it.
        sent_after_s: of each chunk sent, the time from when it was due until it was on its way.
        round_trip_s: of a call that runs no model, on the connection of the rooms; None where it failed.
        frames_sent, frames_dropped: of all rooms.
    """

    at_s: float
    lateness_s: tuple[float, ...]
    sent_after_s: tuple[float, ...]
    round_trip_s: float | None
    frames_sent: int = 0
    frames_dropped: int = 0


class Ended(_Message, frozen=True):
    """A room has received its last caption.

    Attributes:
        room: its number.
        error: why it ended early, or None.
        reconnects: how often another server took it over.
        replay_lost_s: seconds of its audio that were too old to be said again then.
        duplicates: finals that came twice, and that the client left out.
    """

    room: int
    error: str | None
    reconnects: int = 0
    replay_lost_s: float = 0.0
    duplicates: int = 0


Message = Ready | Joined | Heard | Seen | Pulse | Ended
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def encode(message: Message | Load) -> str:
    """One line."""
    return msgspec.json.encode(message).decode()


def decode(line: str) -> Message:
    """The message that `encode` made a line of."""
    return _DECODER.decode(line)
