"""Who speaks next: one pass of the network at a time, and the turns of all callers.

One network with all threads, instead of one per caller, keeps its memory once and lets nobody's first word wait for
another's last: who has heard nothing yet goes first, then whoever's audio will run out first.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from threading import Condition, Thread
from typing import Protocol


class Speech(Protocol):
    """A text on its way to a caller."""

    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""

    def step(self) -> float | None:
        """Speak one more clause; the seconds of audio it has, or None after the last one."""

    def failed(self, fault: Exception) -> None:
        """Its last step was not done."""


class _Turn:
    """A speech, and until when its caller has something to hear."""

    def __init__(self, speech: Speech, number: int) -> None:
        self.speech = speech
        self.number = number
        self.heard_until = 0.0

    @property
    def order(self) -> tuple[float, int]:
        return self.heard_until, self.number


class Turns:
    """Speeches under way, on a thread of their own.

    Args:
        most: how many may be.
        stop: ends the pass under way.
        watch: seconds between two looks whether its caller has gone.
    """

    def __init__(self, most: int, stop: StopPass, watch: float = 0.02) -> None:
        self._most, self._stop, self._watch = most, stop, watch
        self._turns: list[_Turn] = []
        self._current: _Turn | None = None
        self._numbers: Iterator[int] = itertools.count()
        self._changed = Condition()
        self._ended = False
        self._threads = [
            Thread(target=run, name=run.__name__, daemon=True) for run in (self._speak, self._look)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, speech: Speech) -> bool:
        """Take one more; False where there are as many as may be."""
        with self._changed:
            if len(self._turns) >= self._most or self._ended:
                return False
            self._turns.append(_Turn(speech, next(self._numbers)))
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """End all of them."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._stop()
        for thread in self._threads:
            thread.join(5.0)

    def _speak(self) -> None:
        while (turn := self._next()) is not None:
            try:
                seconds = turn.speech.step()
            except Exception as fault:  # of one, which must not end the turns of all
                turn.speech.failed(fault)
                seconds = None
            with self._changed:
                self._current = None
                if seconds is None:
                    self._turns.remove(turn)
                else:
                    turn.heard_until = max(turn.heard_until, time.monotonic()) + seconds

    def _next(self) -> _Turn | None:
        with self._changed:
            self._changed.wait_for(lambda: self._turns or self._ended)
            if self._ended:
                return None
            self._current = min(self._turns, key=lambda turn: turn.order)
            return self._current

    def _look(self) -> None:
        """Stop the pass under way where its caller has gone: it is stopped again until it has ended."""
        while True:
            with self._changed:
                if self._ended:
                    return
                current = self._current
                if current is None:
                    self._changed.wait(self._watch if self._turns else None)
                    continue
            if current.speech.cancelled():
                self._stop()
            time.sleep(self._watch)


class StopPass(Protocol):
    """Ends the pass of the network that is under way."""

    def __call__(self) -> None:
        """Now."""
