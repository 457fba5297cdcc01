"""Unread captions: finals are kept and bounded, of partials only the newest is."""

from __future__ import annotations

import asyncio

import pytest
from liveroom import Caption, RoomClosed
from liveroom._inbox import Event, Inbox


def partial(start: float, end: float) -> Caption:
    return Caption("partial", f"{start}-{end}", "", start, end, "en", 0.0)


def final(start: float, end: float) -> Caption:
    return Caption("final", f"{start}-{end}", f"{start}-{end}", start, end, "en", 0.0)


async def drain(inbox: Inbox) -> list[Event]:
    await inbox.close()
    captions: list[Event] = []
    while (caption := await inbox.get()) is not None:
        captions.append(caption)
    return captions


async def test_a_newer_partial_replaces_the_unread_one() -> None:
    inbox = Inbox(2)
    for end in range(1, 1000):
        await inbox.put(partial(0, end))
    assert await drain(inbox) == [partial(0, 999)]


async def test_a_final_replaces_the_partial_of_its_segment_only() -> None:
    inbox = Inbox(8)
    await inbox.put(partial(0, 4))
    await inbox.put(final(0, 5))
    await inbox.put(partial(5, 6))
    assert await drain(inbox) == [final(0, 5), partial(5, 6)]


async def test_a_late_final_comes_before_the_partial_of_the_next_segment() -> None:
    inbox = Inbox(8)
    await inbox.put(partial(5, 6))
    await inbox.put(final(0, 5))
    assert await drain(inbox) == [final(0, 5), partial(5, 6)]


async def test_finals_wait_for_the_reader_and_none_is_lost() -> None:
    inbox = Inbox(3)
    finals = [final(second, second + 1) for second in range(10)]

    async def write() -> None:
        for caption in finals:
            await inbox.put(caption)
        await inbox.close()

    writer = asyncio.create_task(write())
    await asyncio.sleep(0.01)
    assert inbox.full
    assert not writer.done()
    read = []
    while (caption := await inbox.get()) is not None:
        read.append(caption)
    assert read == finals


async def test_what_came_before_an_error_can_be_read_before_it_is_raised() -> None:
    inbox = Inbox(3)
    await inbox.put(final(0, 1))
    await inbox.close(RoomClosed("gone"))
    await inbox.close()  # the first reason stays
    assert await inbox.get() == final(0, 1)
    for _ in range(2):
        with pytest.raises(RoomClosed, match="gone"):
            await inbox.get()
