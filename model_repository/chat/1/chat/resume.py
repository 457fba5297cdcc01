"""What a room's chat hands on to another server: who is blocked, which lines are held, and why."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from chat.messages import Message
from chat.settings import Settings, Strikes

MOST = 500
"""Of viewers who are blocked, viewers with strikes, lines that are held: the oldest go first."""
LONGEST = 256 * 1024
"""Bytes of a state: 500 of each with the longest ids have place."""

T = TypeVar("T")
Id = Annotated[str, Meta(max_length=64)]
Viewer = Annotated[str, Meta(max_length=128)]
Pts = Annotated[float, Meta(ge=-1e9, le=1e9)]


class State(Struct, frozen=True, omit_defaults=True):
    """`blocked`: until when, by viewer. `strikes`: when lines were blocked, by viewer. `held`: ids."""

    blocked: Annotated[dict[Viewer, Pts], Meta(max_length=MOST)] = {}
    strikes: Annotated[dict[Viewer, Annotated[list[Pts], Meta(max_length=100)]], Meta(max_length=MOST)] = {}
    held: Annotated[list[Id], Meta(max_length=MOST)] = []


class Ledger:
    """Keeps it, on the room's clock."""

    def __init__(self, state: State) -> None:
        self._blocked = OrderedDict(state.blocked)
        self._strikes = OrderedDict((who, deque(times, maxlen=100)) for who, times in state.strikes.items())
        self._held = OrderedDict.fromkeys(state.held)
        self._changed = False

    def blocked_for(self, viewer: str, now: float) -> float:
        """Seconds that a viewer is still blocked, 0 where it is not."""
        left = self._blocked.get(viewer, now) - now
        if left <= 0 and viewer in self._blocked:
            del self._blocked[viewer]
            self._changed = True
        return max(left, 0.0)

    def hold(self, message: Message) -> None:
        """A line waits for somebody who decides on it."""
        _put(self._held, message.id, None)
        self._changed = True

    def strike(self, viewer: str, now: float, limits: Strikes) -> bool:
        """One more line of a viewer was blocked; whether the viewer is, from now on."""
        times = self._strikes.get(viewer) or deque(maxlen=100)
        times.append(now)
        _put(self._strikes, viewer, times)
        self._changed = True
        recent = sum(at >= now - limits.seconds for at in times)
        if not limits.blocked or recent < limits.blocked:
            return False
        del self._strikes[viewer]
        _put(self._blocked, viewer, now + limits.seconds)
        return True

    def resolve(self, settings: Settings, now: float) -> list[tuple[str, str]]:
        """Do what moderators decided; gives the held lines that this is about, and what becomes of them."""
        resolved: list[tuple[str, str]] = []
        for decision in settings.resolve:
            if decision.viewer and decision.action == "allow":
                self._blocked.pop(decision.viewer, None)
                self._strikes.pop(decision.viewer, None)
            elif decision.viewer:
                _put(self._blocked, decision.viewer, now + settings.strikes.seconds)
            if decision.id in self._held and decision.action != "hold":
                del self._held[decision.id]
                resolved.append((decision.id, decision.action))
            self._changed = True
        return resolved

    def news(self) -> bytes:
        """The state as JSON where it has changed since the last time, else nothing."""
        if not self._changed:
            return b""
        self._changed = False
        strikes = {who: list(times) for who, times in self._strikes.items()}
        return msgspec.json.encode(State(dict(self._blocked), strikes, list(self._held)))


def _put(entries: OrderedDict[str, T], key: str, value: T) -> None:
    """As the newest one of at most `MOST`."""
    entries.pop(key, None)
    entries[key] = value
    if len(entries) > MOST:
        entries.popitem(last=False)
