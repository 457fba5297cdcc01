"""Unread captions: finals are kept and bounded, of partials only the newest is."""

from __future__ import annotations

import asyncio

import pytest
from liveroom import Caption, RoomClosed
from liveroom._event_queue import Event, EventQueue


def partial(start: float, end: float) -> Caption:
    return Caption("partial", f"{start}-{end}", "", start, end, "en", 0.0)


def final(start: float, end: float) -> Caption:
    return Caption("final", f"{start}-{end}", f"{start}-{end}", start, end, "en", 0.0)


async def drain(queue: EventQueue) -> list[Event]:
    await queue.close()
    captions: list[Event] = []
    while (caption := await queue.get()) is not None:
        captions.append(caption)
    return captions


async def test_a_newer_partial_replaces_the_unread_one() -> None:
    queue = EventQueue(2)
    for end in range(1, 1000):
        await queue.put(partial(0, end))
    assert await drain(queue) == [partial(0, 999)]


async def test_a_final_replaces_the_partial_of_its_segment_only() -> None:
    queue = EventQueue(8)
    await queue.put(partial(0, 4))
    await queue.put(final(0, 5))
    await queue.put(partial(5, 6))
    assert await drain(queue) == [final(0, 5), partial(5, 6)]


async def test_a_late_final_comes_before_the_partial_of_the_next_segment() -> None:
    queue = EventQueue(8)
    await queue.put(partial(5, 6))
    await queue.put(final(0, 5))
    assert await drain(queue) == [final(0, 5), partial(5, 6)]


async def test_finals_wait_for_the_reader_and_none_is_lost() -> None:
    queue = EventQueue(3)
    finals = [final(second, second + 1) for second in range(10)]

    async def write() -> None:
        for caption in finals:
            await queue.put(caption)
        await queue.close()

    writer = asyncio.create_task(write())
    await asyncio.sleep(0.01)
    assert queue.full
    assert not writer.done()
    read = []
    while (caption := await queue.get()) is not None:
        read.append(caption)
    assert read == finals


async def test_what_came_before_an_error_can_be_read_before_it_is_raised() -> None:
    queue = EventQueue(3)
    await queue.put(final(0, 1))
    await queue.close(RoomClosed("gone"))
    await queue.close()  # the first reason stays
    assert await queue.get() == final(0, 1)
    for _ in range(2):
        with pytest.raises(RoomClosed, match="gone"):
            await queue.get()
