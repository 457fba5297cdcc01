"""`captions` after another server lost the room: what the client may forget, and what it hands on."""

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from liveroom import AsyncClient, Caption, ServerUnavailable
from numpy.typing import NDArray

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.rooms import Answer, RawRoom, check, finals, heard, play, text

pytestmark = pytest.mark.thorough

Corpus = dict[str, Clip]
HALF = SAMPLE_RATE // 2
LEAD_S = 0.9
"""Seconds before now that may still become part of a segment, a chunk not yet heard included."""


@pytest.fixture
async def client(live_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(live_triton.grpc) as client:
        yield client


def dealt_with(answers: list[Answer]) -> list[float]:
    return [answer.end for answer in answers if answer.kind == "progress"]


def test_silence_may_be_forgotten_soon(live_triton: Triton) -> None:
    with RawRoom(live_triton.grpc, "silence") as room:
        for number in range(20):
            room.chunk(signals.silence(0.5), 100 + number / 2, start=number == 0, end=number == 19)
        told = dealt_with(room.rest())
    assert 7 <= len(told) <= 10, "about once a second"
    assert told == sorted(told)
    assert 110 - LEAD_S - 1 < told[-1] < 110


def test_speech_may_be_forgotten_once_its_final_caption_came(live_triton: Triton, corpus: Corpus) -> None:
    clip = corpus["librivox-0890"].audio
    speech = [clip[at : at + HALF] for at in range(0, len(clip), HALF)]
    quiet = signals.silence(0.5)
    answers: list[Answer] = []
    with RawRoom(live_triton.grpc, "speech") as room:
        before = room.chunk(quiet, 0.0, start=True)
        for number, chunk in enumerate([quiet, quiet, quiet, *speech, *[quiet] * 100], start=1):
            now = room.chunk(chunk, number / 2)
            answers += room.read(before)
            before = now
            told = [answer.kind for answer in answers if answer.kind]
            if "final" in told and told[-1] == "progress":
                break
        room.chunk(quiet, number / 2 + 0.5, end=True)
        answers += room.rest()
    final = next(number for number, answer in enumerate(answers) if answer.kind == "final")
    early, late = dealt_with(answers[:final]), dealt_with(answers[final:])
    assert 1 < max(early) <= min(answer.start for answer in answers if answer.kind in {"partial", "final"})
    assert min(late) > answers[final].end


async def test_a_room_that_moves_in_mid_sentence_says_the_same(client: AsyncClient, corpus: Corpus) -> None:
    clip = corpus["two_cities"]
    unbroken = await play(client, clip.audio)
    breaks = [6.1, 11.3, 18.0, 22.6, 35.2]
    async with client.room("moving") as room:
        reader = asyncio.create_task(heard(room))
        began = time.monotonic()
        for at in range(0, len(clip.audio), HALF):
            await room.send_audio(clip.audio[at : at + HALF], SAMPLE_RATE)
            await asyncio.sleep(max(0.0, began + at / SAMPLE_RATE / 8 - time.monotonic()))
            if breaks and at / SAMPLE_RATE > breaks[0]:
                breaks.pop(0)
                break_stream(room._session)
        await room.end()
        captions = await reader
    check(captions, clip.seconds)
    assert (room.reconnects, room.duplicates_dropped, room.replay_lost_s) == (5, 0, 0.0)
    assert uncovered(finals(unbroken), finals(captions)) < 0.5
    assert error_rate([(text(unbroken), text(captions))], "en") <= 0.08


def break_stream(link: object) -> None:
    """As if the connection of a room's stream were reset now."""
    stream = getattr(link, "_stream", None)
    assert stream is not None
    stream.failure = ServerUnavailable("reset by the test")
    stream._reader.cancel()


def uncovered(wanted: list[Caption], got: list[Caption]) -> float:
    """Seconds of the wanted captions that no other caption covers."""
    ticks = np.arange(0, wanted[-1].pts_end, 0.01)

    def within(captions: list[Caption]) -> NDArray[np.bool_]:
        spans = [(each.pts_start <= ticks) & (ticks < each.pts_end) for each in captions]
        return np.asarray(np.logical_or.reduce(spans))

    return 0.01 * float(np.sum(within(wanted) & ~within(got)))


def test_what_was_stable_elsewhere_stays(live_triton: Triton, corpus: Corpus) -> None:
    """Even what another hypothesis would not have said."""
    clip = corpus["two_cities"].audio[SAMPLE_RATE : 5 * SAMPLE_RATE]
    memory: dict[str, str | float] = {
        "hypothesis": "It was the blessed of times, it",
        "stable": "It was the blessed",
        "stable_language": "en",
        "hypothesis_until": 52.5,
        "spoken": "en:9000",
    }
    with RawRoom(live_triton.grpc, "stable elsewhere") as room:
        for at in range(0, len(clip), HALF):
            start, end = at == 0, at + HALF >= len(clip)
            pts, more = 50 + at / SAMPLE_RATE, memory if start else None
            room.chunk(clip[at : at + HALF], pts, start=start, end=end, more=more)
        told = [answer for answer in room.rest() if answer.kind in {"partial", "final"}]
    assert all(answer.text.startswith("It was the blessed") for answer in told)
    assert [answer.kind for answer in told].count("final") == 1
    assert told[-1].start == pytest.approx(50, abs=0.01)
    assert all(answer.end >= 52.5 for answer in told), "nothing is guessed before it has been heard again"
    assert "worst of times" in told[-1].text


@pytest.mark.parametrize(
    ("memory", "says"),
    [
        ({"spoken": "much"}, "spoken is 'much'; it must be milliseconds by language"),
        ({"hypothesis": "one", "stable": "two"}, "stable is 'two', with which the hypothesis does not"),
        ({"stable": "two"}, "stable is 'two', with which the hypothesis does not begin"),
        ({"hypothesis": "x" * 2001, "hypothesis_until": 1.0}, "hypothesis has 2001 characters; send at most"),
        ({"hypothesis": "one", "hypothesis_until": 99.0}, "hypothesis_until is 99.0; it must lie after pts,"),
        ({"hypothesis": "one", "hypothesis_until": np.nan}, "hypothesis_until is nan; it must lie after pts"),
    ],
    ids=lambda value: value.split()[0] if isinstance(value, str) else "",
)
def test_a_memory_that_cannot_be_is_refused_and_the_room_can_be_begun(
    live_triton: Triton, corpus: Corpus, memory: dict[str, str | float], says: str
) -> None:
    clip = corpus["en-hello_world"].audio
    with RawRoom(live_triton.grpc, "bad memory") as room:
        assert says in room.read(room.chunk(clip, 0.0, start=True, more=memory))[-1].error
        said = room.read(room.chunk(clip, 0.0, start=True, end=True))
        assert "Hello world." in [answer.text for answer in said]


async def test_a_minute_said_again_at_once_has_right_times_and_leaves_time_to_others(
    client: AsyncClient, corpus: Corpus
) -> None:
    clip = corpus["two_cities"]
    async with client.room("comes from elsewhere") as room:
        other = asyncio.create_task(live(client, corpus))
        await asyncio.sleep(1.0)
        for at in range(0, len(clip.audio), HALF):
            await room.send_audio(clip.audio[at : at + HALF], SAMPLE_RATE, 1000 + at / SAMPLE_RATE)
        await room.end()
        captions = await heard(room)
        partials, words = await other
    last = finals(captions)[-1]
    assert last.pts_end == pytest.approx(1000 + clip.seconds - 2, abs=1.5)
    assert error_rate([(clip.text, text(captions))], "en") <= 0.08
    assert partials >= 2, "the other room was not heard meanwhile"
    assert words <= 0.1


async def live(client: AsyncClient, corpus: Corpus) -> tuple[int, float]:
    """Partial captions and word errors of a room at half as much again as real-time pace."""
    clip = corpus["librivox-0870"]
    events = [event async for event in client.captions(clip.audio, SAMPLE_RATE, pace=1.5)]
    return len(events) - len(finals(events)), error_rate([(clip.text, text(events))], "en")
