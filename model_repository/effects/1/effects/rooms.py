"""The rooms of one instance: what each keeps from frame to frame, and when it is forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from effects.anonymize import Watch
from effects.background import Picture
from effects.matte import Steadied, to_frame
from effects.raster import Floats, Pixels

IDLE = 60.0
"""Seconds without a frame after which a room is forgotten; Triton has given up its sequence by then."""
SWEEP = 5.0
"""Seconds between two looks for such rooms."""


class Room:
    """What a room's next frame needs of those before it."""

    def __init__(self) -> None:
        self._mask = Steadied()
        self.watch = Watch()
        self.watched = 0  # frames that were
        self.background: Picture | None = None
        self.used = 0.0

    def matte(self, mask: Floats, frame: Pixels) -> Floats:
        """The matte [H, W] of the next frame [H, W, 3], whose mask is [256, 256]."""
        return to_frame(self._mask.next(mask, frame), frame)


class RoomsFullError(RuntimeError):
    """As many rooms are open as one instance takes."""


class Rooms:
    """Rooms by the correlation id of their sequence, at most `most` of them."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._rooms: dict[int | str, Room] = {}
        self._lock = Lock()
        self._stopped = Event()

    def __len__(self) -> int:
        return len(self._rooms)

    def enter(self, name: int | str, *, start: bool) -> Room | None:
        """The room `name`, a new one where its sequence starts; None where it never did, or was forgotten.

        Raises RoomsFullError.
        """
        self.sweep()
        with self._lock:
            if start:
                self._rooms.pop(name, None)
                if len(self._rooms) >= self._most:
                    raise RoomsFullError(f"{self._most} rooms are open, all this instance takes; try again")
                self._rooms[name] = Room()
            room = self._rooms.get(name)
            if room is not None:
                room.used = self._clock()
            return room

    def leave(self, name: int | str) -> None:
        """Forget a room, where there is one."""
        with self._lock:
            self._rooms.pop(name, None)

    def sweep(self) -> None:
        """Forget the rooms that have been idle for too long."""
        with self._lock:
            oldest = self._clock() - IDLE
            for name in [name for name, room in self._rooms.items() if room.used < oldest]:
                del self._rooms[name]

    def keep_sweeping(self) -> None:
        """Sweep now and then from here on: what a room sent is gone even when nobody sends any more."""

        def sweep() -> None:
            while not self._stopped.wait(SWEEP):
                self.sweep()

        Thread(target=sweep, name="effects-rooms", daemon=True).start()

    def close(self) -> None:
        """Forget every room."""
        self._stopped.set()
        with self._lock:
            self._rooms.clear()
