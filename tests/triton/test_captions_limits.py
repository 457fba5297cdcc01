"""`captions` at its limits: one room too many, rooms that are left or fall asleep, an hour of audio."""

import asyncio
import os
import re
import shutil
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from liveroom import AsyncClient, AsyncRoom, InvalidInput, Overloaded

from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.conftest import PROJECT
from tests.triton.rooms import RawRoom, finals, heard, play, text
from tests.waiting import until

pytestmark = pytest.mark.thorough

Corpus = dict[str, Clip]

ROOMS = 2
IDLE_S = 5.0
MINUTES = int(os.environ.get("MEMORY_MINUTES", "60"))
"""Minutes of audio that the test of memory plays."""


@pytest.fixture(scope="module")
def few_rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server whose captions take two rooms, one of a tenant, and forget one that is silent for 5 s."""
    source, copy = PROJECT / "model_repository", tmp_path_factory.mktemp("small") / "model_repository"
    shutil.copytree(source, copy, copy_function=link_or_copy)
    change(copy / "captions/1/captions/room.py", "IDLE = 60.0", f"IDLE = {IDLE_S}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEROOM_MAX_ROOMS", str(ROOMS))
        patch.setenv("LIVEROOM_TENANT_SHARE", "0.5")
        with Triton(copy, ["captions"], drain_s=0, log_file=copy.parent / "triton.log") as triton:
            yield triton


def link_or_copy(source: str, target: str) -> None:
    """Copy a file, but link what is large."""
    if Path(source).stat().st_size > 100_000:
        Path(target).symlink_to(source)
    else:
        shutil.copy(source, target)


def change(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert content.count(old) == 1, f"{file.name} no longer says {old}"
    file.write_text(content.replace(old, new))


@pytest.fixture
async def client(few_rooms: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(few_rooms.grpc) as client:
        yield client


async def opened(client: AsyncClient, room_id: str, corpus: Corpus) -> AsyncRoom:
    """A room that has been admitted, and is at rest: what was sent is heard, the sentence is not over."""
    room = await client.room(room_id).__aenter__()
    for number in range(4):
        chunk = corpus["two_cities"].audio[number * SAMPLE_RATE : (number + 1) * SAMPLE_RATE]
        await room.send_audio(chunk, SAMPLE_RATE)
    async for event in room.events():
        if event.pts_end > 3.0:
            break
    return room


async def admitted(client: AsyncClient, corpus: Corpus) -> bool:
    try:
        return text(await play(client, corpus["en-hello_world"].audio)) == "Hello world."
    except Overloaded:
        return False


async def test_one_room_too_many_is_refused_at_once(client: AsyncClient, corpus: Corpus) -> None:
    rooms = [await opened(client, f"room {number}", corpus) for number in range(ROOMS)]
    began = time.monotonic()
    with pytest.raises(Overloaded, match="2 rooms are open, all this server takes"):
        await play(client, corpus["en-hello_world"].audio)
    assert time.monotonic() - began < 1
    for room in rooms:
        await room.end()
        assert "best of times" in text(await heard(room))
    assert await admitted(client, corpus)


async def test_a_cancelled_room_makes_place(client: AsyncClient, corpus: Corpus) -> None:
    rooms = [await opened(client, f"room {number}", corpus) for number in range(ROOMS)]
    assert not await admitted(client, corpus)
    for room in rooms:
        await room.cancel()
    began = time.monotonic()
    while not await admitted(client, corpus):
        assert time.monotonic() - began < IDLE_S / 2, "the server waits for clients that have gone"


async def test_a_sleeping_room_is_forgotten(client: AsyncClient, few_rooms: Triton, corpus: Corpus) -> None:
    clip = corpus["en-hello_world"].audio
    with RawRoom(few_rooms.grpc, "sleeper") as room:
        room.chunk(clip[:8000], 0.0, start=True)
        last = room.chunk(clip[8000:16000], 0.5)
        began = time.monotonic()
        await asyncio.to_thread(room.read, last)  # is answered when the next chunk is heard, or none will be
        assert IDLE_S - 1 < time.monotonic() - began < IDLE_S + 2
        late = room.chunk(clip, 1.0)
        assert (
            "this room is not open (any more): begin again with a sequence start" in room.read(late)[-1].error
        )
        again = room.chunk(clip, 0.0, start=True, end=True)
        assert "Hello world." in [answer.text for answer in room.read(again)]
    assert await admitted(client, corpus)


async def test_rooms_with_numbers_for_names_leave_their_place_too(few_rooms: Triton, corpus: Corpus) -> None:
    clip = corpus["en-hello_world"].audio
    for number in range(1, 2 * ROOMS + 2):
        with RawRoom(few_rooms.grpc, number) as room:
            said = room.read(room.chunk(clip, 0.0, start=True, end=True))
            assert "Hello world." in [answer.text for answer in said]


async def test_a_room_begun_again_at_once_ends_every_request(few_rooms: Triton, corpus: Corpus) -> None:
    clip = corpus["en-hello_world"].audio
    with RawRoom(few_rooms.grpc, "again and again") as room:
        begun = [room.chunk(clip, 0.0, start=True) for _ in range(5)]
        said = room.read(room.chunk(clip, 0.0, start=True, end=True))
        assert "Hello world." in [answer.text for answer in said]
        assert {answer.request for answer in said + room.rest() if answer.last} >= set(begun)


async def test_a_crowd_at_the_door_does_no_harm(client: AsyncClient, corpus: Corpus) -> None:
    """Refused rooms break off their streams at once, which Triton 24.10 does not survive at any moment."""
    rooms = [await opened(client, f"room {number}", corpus) for number in range(ROOMS)]
    for _ in range(15):
        assert not any(await asyncio.gather(*(admitted(client, corpus) for _ in range(5))))
        for room in rooms:  # which would be forgotten otherwise
            await room.send_audio(corpus["en-hello_world"].audio[:1600], SAMPLE_RATE)
    for room in rooms:
        await room.end()
    assert await admitted(client, corpus)


async def test_rooms_that_are_refused_for_their_language_take_nobodys_place(
    few_rooms: Triton, client: AsyncClient, corpus: Corpus
) -> None:
    for number in range(ROOMS + 1):
        with pytest.raises(InvalidInput, match="language is 'klingon'"):
            await play(client, signals.silence(20.0), room_id=f"klingons {number}", language="klingon")
    assert until(lambda: gauges(few_rooms)["open"] == 0, IDLE_S / 2), "sooner than who is silent is forgotten"
    assert await admitted(client, corpus)


def gauges(triton: Triton) -> dict[str, float]:
    """What /metrics says of rooms, by name, or by reason."""
    with urllib.request.urlopen(triton.metrics, timeout=5) as page:  # noqa: S310 - of our own server
        said = page.read().decode()
    found = re.findall(r'^liveroom_rooms_(open|slots|refused)\w*{model="captions"(.*)} (\S+)$', said, re.M)
    return {"".join(re.findall(r'reason="(\w+)"', labels)) or name: float(at) for name, labels, at in found}


def knock(triton: Triton, room_id: str, tenant: str) -> tuple[RawRoom, str]:
    """A room of a tenant, as a gateway names it, and what the server says against it, if anything."""
    room = RawRoom(triton.grpc, room_id, x_tenant=tenant, x_room_id=room_id)
    return room, room.read(room.chunk(signals.silence(0.5), 0.0, start=True))[-1].error


def test_a_tenant_has_its_share_and_the_metrics_say_who_was_refused(few_rooms: Triton) -> None:
    before = gauges(few_rooms)
    assert (before["slots"], before["open"]) == (ROOMS, 0)
    one, two, other, late = (
        knock(few_rooms, *who)
        for who in (("one", "loud"), ("two", "loud"), ("other", "calm"), ("late", "third"))
    )
    assert (one[1], other[1]) == ("", "")
    assert two[1] == "1 rooms are open, all this server takes of one tenant"
    assert late[1] == "2 rooms are open, all this server takes"
    during = gauges(few_rooms)
    assert {name: during[name] - before[name] for name in during} == {
        "open": 2,
        "slots": 0,
        "tenant": 1,
        "full": 1,
    }
    with RawRoom(few_rooms.grpc, "probe") as probe:
        assert not probe.read(probe.chunk(signals.silence(2.0), 0.0, start=True, end=True))[-1].error
    assert gauges(few_rooms) == during, "a health check takes nobody's place"
    for room, error in (one, two, other, late):
        if not error:
            room.read(room.chunk(signals.silence(0.1), 0.5, end=True))
        room.close()
    assert until(lambda: gauges(few_rooms)["open"] == 0, 5)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_memory_stays_flat(
    live_triton: Triton, corpus: Corpus, capsys: pytest.CaptureFixture[str]
) -> None:
    """An hour of speech in one room. An instance's arena grows until it has seen the longest context."""
    silence = np.zeros(SAMPLE_RATE, np.float32)
    speech = np.concatenate([part for clip in corpus.values() for part in (clip.audio, silence)])
    minute = 60 * SAMPLE_RATE
    samples: list[dict[str, float]] = []
    async with AsyncClient(live_triton.grpc) as client, client.room("an hour") as room:
        reader = asyncio.create_task(count_finals(room))
        for number in range(MINUTES):
            looped = np.take(speech, np.arange(number * minute, (number + 1) * minute), mode="wrap")
            for at in range(0, minute, SAMPLE_RATE):
                await room.send_audio(looped[at : at + SAMPLE_RATE], SAMPLE_RATE)
            samples.append(resident_mb(live_triton))
        await room.end()
        heard = await reader
    with capsys.disabled():
        for name in samples[0]:
            print(f"\n{name:16}", *(f"{sample[name]:.0f}" for sample in samples), "MB", end="")
    assert heard > 3 * MINUTES
    for name, final in samples[-1].items():
        assert final <= samples[MINUTES // 2][name] * 1.05 + 8, f"{name} grew"


async def count_finals(room: AsyncRoom) -> int:
    return len(finals(await heard(room)))


def resident_mb(triton: Triton) -> dict[str, float]:
    """Resident memory of tritonserver and of each model's process."""
    server = psutil.Process(triton.pid)
    found = {"tritonserver": server.memory_info().rss / 2**20}
    for number, stub in enumerate(server.children()):
        if stub.status() != psutil.STATUS_ZOMBIE:
            found[f"{Path(stub.cmdline()[1]).parents[1].name} {number}"] = stub.memory_info().rss / 2**20
    return found
