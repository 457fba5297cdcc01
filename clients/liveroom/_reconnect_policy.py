"""When a room that has no server is to try the next one, and when to give up."""

from __future__ import annotations

import asyncio
import math
import random

from ._config import Retries
from ._errors import NOT_HERE, LiveroomError, recoverable

BACKOFF, BACKOFF_MAX = 0.05, 1.0
"""Seconds: once a room has been admitted the pause before attempt n is drawn evenly from 0 to
`min(BACKOFF * 2**(n-1), BACKOFF_MAX)`, so that rooms that lost one server do not all come to the next at the
same time (full jitter)."""

MOST_BREAKS = 5
"""Servers that may take a room and lose it before more of its speech is done: it may be the room's fault."""


class ReconnectPolicy:
    """Counts what finding a server has cost a room since more of its speech was done.

    Args:
        seconds: without a server that are put up with, once the room has been admitted.
        retries: to be admitted at all.
    """

    def __init__(self, seconds: float, retries: Retries) -> None:
        self._seconds = seconds
        self._retries = retries
        self._admitted = False
        self._tries = 0
        self._breaks = 0
        self._spent = 0.0
        self._since: float | None = None
        self._done = -math.inf
        self._lost = (-math.inf, 0)

    def over(self) -> bool:
        """A server has taken the room; whether one had before."""
        again, self._admitted = self._admitted, True
        if self._since is not None:
            self._spent += asyncio.get_running_loop().time() - self._since
            self._since = None
        return again

    def pause(self, error: LiveroomError, done: float) -> float:
        """Seconds to wait before the next attempt, when the last one ended with `error`.

        `done`: seconds on the room's clock up to which all captions have been received.

        Raises:
            LiveroomError: `error`, when another attempt would not help, or has been made too often.
        """
        if not self._admitted:
            self._tries += 1
            if self._tries >= self._retries.attempts or not isinstance(error, NOT_HERE):
                raise error
            bound = self._retries.pause_bound(self._tries)
        else:
            if not recoverable(error):
                raise error
            self._check(error, done)
            bound = min(BACKOFF * 2 ** min(self._tries - 1, 10), BACKOFF_MAX)
        return random.uniform(0, bound)  # noqa: S311 - jitter, not a secret

    def lost_speech(self, done: float) -> int:
        """How often the speech right after `done` could not be recognized, this time included."""
        self._lost = (done, self._lost[1] + 1 if self._lost[0] == done else 1)
        return self._lost[1]

    def _check(self, error: LiveroomError, done: float) -> None:
        now = asyncio.get_running_loop().time()
        if done > self._done:
            self._done, self._breaks, self._spent = done, 0, 0.0
        if self._since is None:  # a server had the room until now
            self._since, self._tries = now, 0
            self._breaks += 1
        self._tries += 1
        if self._breaks > MOST_BREAKS:
            raise _longer(error, f"{MOST_BREAKS} servers in a row lost the room at the same place")
        if self._spent + now - self._since > self._seconds:
            raise _longer(error, f"no server took the room within {self._seconds:g} s")


def _longer(error: LiveroomError, more: str) -> LiveroomError:
    """The same with more to say."""
    longer = type(error)(f"{error}; {more}")
    longer.__dict__.update(error.__dict__)  # what it is about
    return longer
