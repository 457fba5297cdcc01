"""What a client may be tuned with: explicit objects, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ._errors import InvalidInput

DEFAULT_URL = "127.0.0.1:8001"
"""Where `python -m server` listens unless told otherwise."""

MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 48_000
"""Sample rates in Hz a client may send, inclusive; the server resamples to 16 kHz."""

DEFAULT_SAMPLE_RATE = 16_000
"""What the models work in, in Hz: the rate of audio whose own nobody knows."""

MAX_CHUNK_S = 1.0
"""Longest chunk of a room, in seconds; longer arrays are split."""

MAX_CHUNK_BYTES = 64 * 1024
"""Most bytes of samples in one message of a room: gateways hold 256 KiB, of this one and of what follows."""

LOUDEST = 16.0
"""Float samples beyond [-1, 1] are clipped; beyond this they were never scaled to it, and are refused."""
MAX_UTTERANCE_S = 30.0
"""Most audio one `asr` request takes, in seconds; longer audio is played into a `captions` room."""

MAX_PICTURE_BYTES = 128 * 1024 * 1024
"""Most bytes of one picture: what raw RGB at 8K (7680 x 4320) takes fits in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a room may have under way: audio and finals that are ahead wait, frames that are ahead go.

    Attributes:
        unacknowledged: chunks sent and not yet acknowledged by the server; at least 2, because a chunk may be
            acknowledged only when the next one has been heard.
        unread_finals: final captions received and not yet read from `events()`. Of unread partial captions
            only the newest is kept.
        frames_in_flight: frames sent and not yet answered.
        frames_waiting: frames that wait for that; with one more the oldest of them is dropped and counted.
        replay_seconds: audio without its final captions that is kept, to be said again to another server.
            A server that keeps up leaves less than 70 s of it to do.
    """

    unacknowledged: int = 8
    unread_finals: int = 256
    frames_in_flight: int = 2
    frames_waiting: int = 2
    replay_seconds: float = 90.0

    def __post_init__(self) -> None:
        for name, least in (
            ("unacknowledged", 2),
            ("unread_finals", 1),
            ("frames_in_flight", 1),
            ("frames_waiting", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise InvalidInput(f"Limits.{name} is {value!r}: expected a whole number, at least {least}")
        if not 0 <= self.replay_seconds < float("inf"):
            raise InvalidInput(
                f"Limits.replay_seconds is {self.replay_seconds!r}: expected seconds, at least 0"
            )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds, before giving up with `DeadlineExceeded`.

    Attributes:
        transcribe: one unary transcription, its retries included.
        audio: a place for a room's next chunk among the unacknowledged.
        infer: one inference of any model by its name, retries included.
        stream: a response that a model on a stream of its own owes.
        picture: one picture, or one frame of a studio, retries included.
        frame: a frame of a live room; one that takes longer counts as dropped.
        text: up to 256 lines of text, retries included.
        end: flushing the tail of a room.
        stall: a response that a room's server owes; after that another one is asked, over another connection.
        reconnect: finding a server for a room that has lost its own, before the room is given up.
        control: listing models.
        health: probing one model with a real inference.
    """

    transcribe: float = 60.0
    audio: float = 30.0
    infer: float = 60.0
    stream: float = 60.0
    picture: float = 30.0
    frame: float = 5.0
    text: float = 10.0
    end: float = 60.0
    stall: float = 6.0
    reconnect: float = 20.0
    control: float = 5.0
    health: float = 15.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int | float) or not value > 0:
                raise InvalidInput(f"Timeouts.{field.name} is {value!r}: expected seconds, more than 0")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a unary call, or the begin of a room, that found the server unavailable is tried again.

    Unary calls change nothing on the server. A room is begun again on another server, where there is one;
    once it has been admitted `Timeouts.reconnect` counts instead.
    The pause before attempt n is drawn evenly from 0 to `min(backoff * 2**(n-1), backoff_max)` seconds
    (full jitter), and no attempt starts after the call's deadline.

    Attributes:
        attempts: how often to try in all; 1 means no retry.
        backoff: seconds.
        backoff_max: seconds.
    """

    attempts: int = 3
    backoff: float = 0.2
    backoff_max: float = 2.0

    def __post_init__(self) -> None:
        if not isinstance(self.attempts, int) or self.attempts < 1:
            raise InvalidInput(f"Retries.attempts is {self.attempts!r}: expected a whole number, at least 1")
        for name in ("backoff", "backoff_max"):
            if not getattr(self, name) >= 0:
                raise InvalidInput(f"Retries.{name} is {getattr(self, name)!r}: expected seconds, at least 0")

    def pause_bound(self, attempt: int) -> float:
        """Longest pause in seconds after `attempt` (1, 2, ...) failed."""
        return float(min(self.backoff * 2 ** (attempt - 1), self.backoff_max))
