"""The mood of a room's host: made of voice, words, face and lines, and never in the way of the room."""

from __future__ import annotations

import asyncio
import logging
import math

import numpy as np
import pytest
from liveroom import Caption, Face, FrameResult, Overloaded, RoomMood, Vision, VoiceMood
from liveroom._audio import Samples
from liveroom._event_queue import Event
from liveroom._faces import EXPRESSIONS
from liveroom._mood_parts import FADE_S, HostMood, Smoothed
from liveroom._room_moods import KEPT_S, WAITING, MoodQueue, Spoken
from liveroom._voice_mood import BASELINE, Baseline

RATE = 16_000


def final(start: float, end: float, text: str = "what a day", language: str = "en") -> Caption:
    return Caption("final", text, text, start, end, language, 0.0)


def voice(arousal: float = 0.5, valence: float = 0.0, *, seconds: float = 5.0) -> VoiceMood:
    return VoiceMood(arousal, valence, 1.0, 1.0, seconds, "", (1.0,) * BASELINE)


def frame(pts: float, *expressions: str) -> FrameResult:
    """Faces of which each is smaller than the one before."""
    faces = tuple(
        Face(
            (0.0, 0.0, 100.0 / number, 100.0 / number),
            1.0,
            (),
            {each: float(each == name) for each in EXPRESSIONS},
            np.zeros(128, np.float32),
        )
        for number, name in enumerate(expressions, 1)
    )
    return FrameResult(pts, Vision(640, 480, faces, 0.0))


def line(who: str, valence: float, pts: float) -> RoomMood:
    return RoomMood(who, valence, 0.5, {"chat": valence}, "", pts, pts)


class Server:
    """Answers for `voice_mood`, and remembers what it was asked; a queue of its own asks it."""

    def __init__(self, *answers: VoiceMood | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str, str, Baseline | None]] = []
        self.queue = MoodQueue(64, self.ask)

    async def ask(
        self, samples: Samples, rate: int, text: str, language: str, baseline: Baseline | None
    ) -> VoiceMood:
        assert rate == RATE
        self.asked.append((len(samples), text, language, baseline))
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else voice()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def hear(self, seconds: float, pts: float = 0.0) -> None:
        for number in range(round(seconds)):
            self.queue.heard(np.zeros(RATE, np.int16), RATE, pts + number)

    async def told(self, *events: Event) -> list[Event]:
        """All that comes out of a room whose events these are."""
        for event in events:
            await self.queue.put(event)
        await self.queue.close()
        found = []
        while (event_ := await self.queue.get()) is not None:
            found.append(event_)
        return found


def moods(events: list[Event]) -> list[RoomMood]:
    return [event for event in events if isinstance(event, RoomMood)]


async def test_a_final_caption_is_asked_about_with_what_was_heard_then() -> None:
    server = Server(voice(0.9, 0.8))
    server.hear(10)
    told = await server.told(final(2.5, 6.0))
    assert server.asked == [(round(3.5 * RATE), "what a day", "en", None)]
    (mood,) = moods(told)
    assert mood.who == "host"
    assert mood.arousal == pytest.approx(0.9)
    assert mood.parts == {"voice": pytest.approx(0.8)}
    assert mood.reason == "the host: voice excited, words pleased"
    assert mood.pts_end == 6.0
    assert told[0] == final(2.5, 6.0), "captions come as ever"


async def test_how_a_speaker_usually_sounds_goes_from_answer_to_request() -> None:
    server = Server()
    server.hear(12)
    await server.told(final(0, 4), final(4, 8))
    assert [baseline for *_, baseline in server.asked] == [None, (1.0,) * BASELINE]


async def test_of_captions_that_come_faster_than_they_are_answered_the_oldest_are_left_out() -> None:
    server = Server()
    server.hear(40)
    told = await server.told(*(final(at, at + 1, f"{at}") for at in range(20)))
    assert [text for _, text, *_ in server.asked] == [f"{at}" for at in range(20 - WAITING, 20)]
    assert len(told) == 20 + len(moods(told))


async def test_a_voice_that_has_no_mood_is_said_once_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(Overloaded("too much"), Overloaded("too much"), voice(seconds=0.0))
    server.hear(12)
    with caplog.at_level(logging.INFO, "liveroom"):
        told = await server.told(final(0, 4), final(4, 8), final(8, 12))
    assert [type(event) for event in told] == [Caption] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_what_the_host_writes_is_a_part_and_the_audience_is_apart() -> None:
    server = Server(voice(0.5, 1.0, seconds=2.5))
    server.hear(6)
    told = await server.told(line("audience", -0.9, 1.0), line("host", -1.0, 2.0), final(2, 6))
    audience, host = moods(told)
    assert audience == line("audience", -0.9, 1.0)
    assert host.parts == {"voice": pytest.approx(1.0), "chat": pytest.approx(-1.0)}
    assert host.valence == pytest.approx(0.0, abs=0.1)


async def test_the_newest_mood_of_each_side_can_be_read() -> None:
    server = Server()
    told = await server.told(line("host", 0.1, 1), line("audience", 0.3, 1), line("audience", 0.4, 5))
    assert {mood.who: mood.valence for mood in moods(told)} == {
        "host": pytest.approx(0.1),
        "audience": pytest.approx(0.4),
    }


async def test_a_room_that_is_cancelled_waits_for_no_mood() -> None:
    stuck = asyncio.Event()

    async def ask(*_: object) -> VoiceMood:
        await stuck.wait()
        raise AssertionError

    queue = MoodQueue(4, ask)
    queue.heard(np.zeros(4 * RATE, np.int16), RATE, 0.0)
    await queue.put(final(0, 4))
    await asyncio.wait_for(queue.close(RuntimeError("over")), 1)


def test_the_largest_face_is_the_host_s() -> None:
    host = HostMood()
    for at in range(10):
        host.see(frame(at / 5, "happy", "angry", "angry"))
    mood = host.news(2.0)
    assert mood is not None
    assert mood.valence == pytest.approx(1.0)
    assert mood.arousal is None
    assert mood.reason == "the host: face pleased"
    host.see(frame(3.0))
    assert host.news(4.5) is None, "nobody to be seen changes nothing"


def test_reasons_are_in_the_language_of_the_captions() -> None:
    host = HostMood()
    host.language = "zh"
    host.hear(voice(0.2, -0.9), 5.0)
    mood = host.news(5.0)
    assert mood is not None
    assert mood.reason == "主播：声音平静，言语不悦"


def test_evidence_fades_on_the_rooms_clock_and_late_evidence_has_faded_already() -> None:
    known = Smoothed()
    known.add(1.0, 4.0, 0.0)
    known.add(0.0, 4.0, FADE_S)
    assert known.value == pytest.approx(math.exp(-1) / (math.exp(-1) + 1))
    late = Smoothed()
    late.add(0.0, 4.0, FADE_S)
    late.add(1.0, 4.0, 0.0)
    assert late.value == pytest.approx(known.value)
    known.fade(100 * FADE_S)
    assert known.value is None


def test_no_more_audio_is_kept_than_a_segment_needs() -> None:
    spoken = Spoken()
    for second in range(1000):
        spoken.add(np.full(RATE, second, np.int16), RATE, float(second))
    assert spoken.between(0, 900) is None
    found = spoken.between(998.5, 1000)
    assert found is not None
    assert found[0].tolist() == [998] * (RATE // 2) + [999] * RATE
    assert len(spoken._pieces) <= KEPT_S + 1
    longest = spoken.between(960, 1000)
    assert longest is not None
    assert len(longest[0]) == 30 * RATE


def test_audio_of_another_rate_or_kind_is_not_mixed() -> None:
    spoken = Spoken()
    spoken.add(np.zeros(48_000, np.int16), 48_000, 0.0)
    spoken.add(np.zeros(RATE, np.float32), RATE, 1.0)
    found = spoken.between(0.0, 2.0)
    assert found is not None
    assert (len(found[0]), found[1]) == (RATE, RATE)
    assert found[0].dtype == np.float32
