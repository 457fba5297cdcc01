"""An event loop in a thread of its own, for callers without one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Collection, Coroutine, Iterator
from typing import TypeVar

from . import _fork
from ._errors import ClientForked

T = TypeVar("T")

STOP_S = 1.0
"""Seconds in which those who wait when a client is closed are told so; then they are cancelled."""


class Loop:
    """An event loop in a daemon thread, started at the first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """The result of `work`; interrupting the wait cancels it.

        Raises:
            ClientForked: the thread is in another process.
        """
        try:
            _fork.check()  # before the lock, which the fork may have left held
        except ClientForked:
            work.close()
            raise
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                _fork.opened(self, self._loop)
                threading.Thread(target=_live, args=[self._loop], name="liveroom client", daemon=True).start()
            loop = self._loop
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """The items of an asynchronous generator, which is closed when this one is."""
        try:
            while (item := self.run(_following(items))) is not None:
                yield item
        finally:
            if self._loop is not None and not _fork.lost():  # else that has closed them
                self.run(items.aclose())

    def stop(self) -> None:
        """End the thread; what other threads wait for is over soon after."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None
            _fork.closed(self)


def _live(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    if waiting := asyncio.all_tasks(loop):
        loop.run_until_complete(_over(waiting))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _over(tasks: Collection[asyncio.Task[object]]) -> None:
    _, slow = await asyncio.wait(tasks, timeout=STOP_S)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def _following(items: AsyncGenerator[T, None]) -> T | None:
    return await anext(items, None)
