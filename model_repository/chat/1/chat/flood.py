"""Too much at once: a viewer who floods, many who say the same, a room that nobody can read any more."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterator
from hashlib import blake2b

from chat.messages import Message, Reason
from chat.settings import Flood

VIEWERS = 20_000
"""Viewers who are remembered; the one who said nothing for longest is forgotten first."""
LINES = 5_000
"""Different lines that are remembered, likewise."""
SHORTEST = 8
"""Letters and digits, runs cut to two, from which a line counts as repeated: 666, awsl and 哈哈哈 do not."""
RECENT_S, USUAL_S = 5.0, 120.0
"""Time constants of the rate at which a room writes now, and usually."""
BURST, BURST_RATE = 4.0, 5.0
"""Times the usual rate, and messages a second, from which a room is too fast."""
SUGGEST_S = 60.0
"""Seconds between two suggestions of slow mode."""


class Rate:
    """Messages a second, exponentially averaged over `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._value = 0.0
        self._at = -math.inf

    def add(self, at: float) -> None:
        """Count one at `at`."""
        self._value = self.at(at) + 1 / self._seconds
        self._at = max(self._at, at)

    def at(self, now: float) -> float:
        """The rate `now`."""
        return self._value * math.exp(-max(now - self._at, 0.0) / self._seconds) if self._value else 0.0


class Recent:
    """The last times of each of at most `most` keys, `each` times at most."""

    def __init__(self, most: int, each: int) -> None:
        self._most, self._each = most, each
        self._times: OrderedDict[object, deque[tuple[float, str]]] = OrderedDict()

    def add(self, key: object, at: float, who: str = "") -> deque[tuple[float, str]]:
        """One more of `key`; all that are remembered of it."""
        times = self._times.get(key)
        if times is None:
            times = self._times[key] = deque(maxlen=self._each)
            if len(self._times) > self._most:
                self._times.popitem(last=False)
        else:
            self._times.move_to_end(key)
        times.append((at, who))
        return times


class FloodWatch:
    """Counts the lines of a room on its clock."""

    def __init__(self) -> None:
        self._spoken = Recent(VIEWERS, 101)
        self._repeated = Recent(LINES, 101)
        self._shared = Recent(LINES, 400)
        self._recent, self._usual = Rate(RECENT_S), Rate(USUAL_S)
        self._began: float | None = None
        self._suggested = -math.inf

    def count(self, message: Message, letters: str, limits: Flood) -> Iterator[Reason]:
        """Count a line, whose `letters` are `squeezed`; gives what is too much."""
        now = message.pts
        self._began = now if self._began is None else self._began
        self._recent.add(now)
        self._usual.add(now)
        long = len(letters) >= SHORTEST
        line = blake2b(letters.encode(), digest_size=8).digest() if long else b""
        if message.viewer:
            said = _since(self._spoken.add(message.viewer, now), now - limits.seconds)
            if len(said) > limits.messages:
                yield Reason("flood", limits.action, count=len(said), seconds=limits.seconds)
            if long:
                same = _since(self._repeated.add((message.viewer, line), now), now - limits.repeat_seconds)
                if len(same) >= limits.repeats:
                    yield Reason("repeat", limits.action, count=len(same), seconds=limits.repeat_seconds)
        if long and message.viewer:
            shared = _since(self._shared.add(line, now, message.viewer), now - limits.raid_seconds)
            viewers = len({who for _, who in shared})
            if viewers >= limits.raid_viewers:
                yield Reason("raid", limits.action, count=viewers, seconds=limits.raid_seconds)

    def rates(self, now: float) -> tuple[float, float]:
        """Messages a second, now and usually."""
        elapsed = max(now - (now if self._began is None else self._began), RECENT_S)
        warm = 1 - math.exp(-elapsed / USUAL_S)  # an average that began with nothing
        return self._recent.at(now), self._usual.at(now) / warm

    def slow_mode(self, now: float) -> float | None:
        """Seconds between two lines of a viewer that would bring a burst down to four times the usual rate.

        None where there is no burst, or one was told of less than a minute ago.
        """
        recent, usual = self.rates(now)
        if recent < BURST_RATE or recent < BURST * usual or now - self._suggested < SUGGEST_S:
            return None
        self._suggested = now
        return float(min(max(round(recent / max(usual, 0.5)), 3), 120))


def _since(times: deque[tuple[float, str]], start: float) -> list[tuple[float, str]]:
    return [entry for entry in times if entry[0] >= start]
