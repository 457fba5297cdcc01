"""The rooms of one instance of a sequence model: what each keeps, and when it is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

IDLE = 60.0
"""Seconds without a request after which a room is forgotten; Triton has given up its sequence by then."""
SWEEP = 5.0
"""Seconds between two looks for such rooms."""

T = TypeVar("T")


class RoomsFullError(RuntimeError):
    """As many rooms are open as one instance takes."""


class Rooms(Generic[T]):
    """Rooms by the correlation id of their sequence, at most `most` of them."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._rooms: dict[int | str, T] = {}
        self._used: dict[int | str, float] = {}
        self._lock = Lock()
        self._stopped = Event()

    def __len__(self) -> int:
        return len(self._rooms)

    def open(self, name: int | str, room: T) -> T:
        """`room` from now on, in the place of one by the same name. Raises RoomsFullError."""
        self.sweep()
        with self._lock:
            self._forget(name)
            if len(self._rooms) >= self._most:
                raise RoomsFullError(f"{self._most} rooms are open, all this instance takes; try again")
            self._rooms[name] = room
            self._used[name] = self._clock()
        return room

    def get(self, name: int | str) -> T | None:
        """The room `name`; None where its sequence never started, or it was forgotten."""
        self.sweep()
        with self._lock:
            if name in self._rooms:
                self._used[name] = self._clock()
            return self._rooms.get(name)

    def leave(self, name: int | str) -> None:
        """Forget a room, where there is one."""
        with self._lock:
            self._forget(name)

    def sweep(self) -> None:
        """Forget the rooms that have been idle for too long."""
        with self._lock:
            oldest = self._clock() - IDLE
            for name in [name for name, used in self._used.items() if used < oldest]:
                self._forget(name)

    def keep_sweeping(self) -> None:
        """Sweep now and then from here on: what a room sent is gone even when nobody sends any more."""

        def sweep() -> None:
            while not self._stopped.wait(SWEEP):
                self.sweep()

        Thread(target=sweep, name="rooms", daemon=True).start()

    def close(self) -> None:
        """Forget every room."""
        self._stopped.set()
        with self._lock:
            self._rooms.clear()
            self._used.clear()

    def _forget(self, name: int | str) -> None:
        self._rooms.pop(name, None)
        self._used.pop(name, None)
