"""What the platform announced, mirrored by every replica: read once whole, and then change by change."""

import contextlib
import time
from collections.abc import Mapping
from threading import Event, Thread
from typing import Protocol

import redis

from serving_common.store.catalog import Keys
from serving_common.store.connection import client

BLOCK_S = 0.5
"""How long one look waits for a change; twice as long without an answer counts as none."""
PAUSE_S = 0.2
"""Between two tries to reach a store that is gone."""
PAGE = 2000
"""Items, or changes, that are read at once."""


class Listener(Protocol):
    """What mirrors the items of a kind; called from the follower's thread alone."""

    def replace(self, owner: str, items: Mapping[str, bytes]) -> None:
        """Those and no others are what `owner` has."""

    def change(self, owner: str, item: str, value: bytes | None) -> None:
        """An item is new, another or, with None, gone."""


class Follower(Thread):
    """Keeps a listener up to date with the items of one kind.

    Changes are numbered without gaps. Where one is missing, or the store was away, all is read again; until
    that is done the last known state stays, and :meth:`age` says how old it is.
    """

    def __init__(self, address: str, kind: str, listener: Listener) -> None:
        super().__init__(name=f"follow-{kind}", daemon=True)
        self._keys = Keys(kind)
        self._client = client(address, 2 * BLOCK_S)
        self._listener = listener
        self._stopped = Event()
        self._seen: float | None = None
        self._owners: set[str] = set()
        self.whole = Event()
        """Set once all was read."""

    def age(self) -> float:
        """Seconds for which a change may have gone unnoticed; infinite before all was read once."""
        return float("inf") if self._seen is None else max(0.0, time.monotonic() - self._seen)

    def close(self) -> None:
        """Stop following; returns when the thread has ended, or can't."""
        self._stopped.set()
        self.join(3 * BLOCK_S)
        self._client.close()

    def run(self) -> None:
        """Follow, and begin again after whatever befalls the store."""
        while not self._stopped.is_set():
            with contextlib.suppress(redis.RedisError, OSError):
                self._follow(*self._read_all())
            self._stopped.wait(PAUSE_S)

    def _read_all(self) -> tuple[bytes, int]:
        """Read every item; gives the last change before it, and its number.

        What changes meanwhile is in the stream after that change and is applied once more: to the same end.
        """
        both = self._client.pipeline().xrevrange(self._keys.changes, count=1).get(self._keys.count).execute()
        at, number = both[0][0][0] if both[0] else b"0-0", int(both[1] or 0)
        owners = {owner.decode() for owner in self._client.smembers(self._keys.owners)}
        for owner in self._owners - owners:
            self._listener.replace(owner, {})
        for owner in sorted(owners):
            found = self._client.hscan_iter(self._keys.items(owner), count=PAGE)
            self._listener.replace(owner, {item.decode(): value for item, value in found})
        self._owners = owners
        self._seen = time.monotonic()
        self.whole.set()
        return at, number

    def _follow(self, at: bytes, number: int) -> None:
        """Apply changes as they come; returns where one is missing."""
        while not self._stopped.is_set():
            answer = self._client.xread({self._keys.changes: at}, PAGE, round(BLOCK_S * 1000))
            changes = answer[0][1] if answer else []
            if not changes and self._number() != number:
                return
            for _, fields in changes:
                if int(fields[b"n"]) != number + 1:
                    return
                number += 1
                owner = fields[b"o"].decode()
                self._owners.add(owner)
                self._listener.change(owner, fields[b"i"].decode(), fields.get(b"v"))
            at = changes[-1][0] if changes else at
            self._seen = time.monotonic()

    def _number(self) -> int:
        """How many changes the store has numbered: fewer than were seen where it lost some."""
        return int(self._client.get(self._keys.count) or 0)
