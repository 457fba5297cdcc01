"""`captions` through the client: what is said in rooms comes out, whatever the chunks look like."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import soxr
from liveroom import AsyncClient, AsyncRoom, Caption, InvalidInput, RoomClosed
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from tritonclient.grpc import InferenceServerClient

from evaluation.error_rates import error_rate, tokens
from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.rooms import WINDOW_S, check, finals, heard, play, text

Corpus = dict[str, Clip]
Floats = NDArray[np.float32]

SENTENCES = ("librivox-0870", "librivox-0890", "librivox-0920", "librivox-0930", "en-quick_brown_fox")
CHINESE = ("zh-jishu", "zh-nihao_shijie", "zh-pangrama")


@pytest.fixture
async def client(live_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(live_triton.grpc) as client:
        yield client


def joined(corpus: Corpus, *names: str, pause: float = 0.9) -> Floats:
    """Clips one after the other, with silence after each."""
    quiet = signals.silence(pause)
    return np.concatenate([part for name in names for part in (corpus[name].audio, quiet)])


def reference(corpus: Corpus, *names: str) -> str:
    return " ".join(corpus[name].text for name in names)


async def test_english(client: AsyncClient, corpus: Corpus) -> None:
    clip = corpus["two_cities"]
    events = await play(client, clip.audio)
    assert error_rate([(clip.text, text(events))], "en") <= 0.08
    assert {event.language for event in finals(events)} == {"en"}
    assert finals(events)[-1].pts_end > clip.seconds - 3
    assert all(event.pts_end - event.pts_start <= 12.5 for event in events)


async def test_chinese(client: AsyncClient, corpus: Corpus) -> None:
    events = await play(client, joined(corpus, *CHINESE))
    assert error_rate([(reference(corpus, *CHINESE), text(events))], "zh") <= 0.3
    assert {event.language for event in finals(events)} == {"zh"}
    assert len(finals(events)) == len(CHINESE)


async def test_both_in_one_room(client: AsyncClient, corpus: Corpus) -> None:
    names = ("librivox-0870", "zh-pangrama", "librivox-0890")
    events = finals(await play(client, joined(corpus, *names)))
    spoken = [event.language for event in events]
    assert list(dict.fromkeys(spoken)) == ["en", "zh"]
    assert spoken[-1] == "en"


@pytest.mark.thorough
async def test_partials_come_at_real_time_pace_and_settle(client: AsyncClient, corpus: Corpus) -> None:
    clip = corpus["librivox-0870"].audio
    events = [event async for event in client.captions(clip, SAMPLE_RATE, pace=1.5)]
    check(events, len(clip) / SAMPLE_RATE)
    partials = [event for event in events if not event.is_final]
    assert len(partials) >= 4
    assert len(tokens(partials[-1].stable, "en")) >= 5
    assert finals(events)


@pytest.mark.thorough
async def test_the_first_words_settle_once_their_language_is_sure(
    client: AsyncClient, corpus: Corpus
) -> None:
    clip = corpus["librivox-0870"].audio[: 6 * SAMPLE_RATE]
    stable = {}
    for language in ("auto", "en"):
        captions = client.captions(clip, SAMPLE_RATE, pace=1.5, language=language)
        events = [event async for event in captions if event.stable and not event.is_final]
        stable[language] = events[0].pts_end - events[0].pts_start
    assert stable["auto"] >= 3.0
    assert stable["en"] < 3.0


@pytest.mark.parametrize(
    ("dtype", "rate", "chunk_s"),
    [
        ("float32", 16_000, 0.1),
        ("int16", 16_000, 0.0431),
        ("int16", 8_000, 0.3),
        ("float32", 44_100, 1.0),
        ("int16", 48_000, 0.777),
        ("float32", 11_025, 0.5),
    ],
)
async def test_any_type_rate_and_chunk(
    client: AsyncClient, corpus: Corpus, dtype: str, rate: int, chunk_s: float
) -> None:
    names = SENTENCES[:2]
    audio = joined(corpus, *names)
    sent = audio if rate == SAMPLE_RATE else soxr.resample(audio, SAMPLE_RATE, rate)
    if dtype == "int16":
        sent = (sent * 32767).clip(-32768, 32767).astype(np.int16)
    events = await play(client, sent, rate, chunk_s=chunk_s, language="en")
    assert error_rate([(reference(corpus, *names), text(events))], "en") <= 0.1
    assert finals(events)[-1].pts_end == pytest.approx(len(audio) / SAMPLE_RATE - 0.9, abs=0.6)


async def test_the_end_flushes_what_was_being_said(client: AsyncClient, corpus: Corpus) -> None:
    clip = corpus["two_cities"].audio[: 4 * SAMPLE_RATE]
    last = finals(await play(client, clip))[-1]
    assert last.pts_end == pytest.approx(4.0, abs=WINDOW_S)
    assert "best of times" in last.text


async def test_times_are_right_on_both_sides_of_a_hole(client: AsyncClient, corpus: Corpus) -> None:
    one, other = corpus["librivox-0890"], corpus["en-quick_brown_fox"]
    resumed = 100.0 + one.seconds + 5.0
    async with client.room("hole") as room:
        await send(room, one.audio, 100.0)
        await send(room, other.audio, resumed)
        await room.end()
        events = await heard(room)
    check(events, resumed + other.seconds)
    before, after = finals(events)
    assert 100.0 <= before.pts_start < 100.5
    assert before.pts_end == pytest.approx(100.0 + one.seconds, abs=0.5)
    assert after.pts_start == pytest.approx(resumed, abs=0.5)
    assert after.pts_end == pytest.approx(resumed + other.seconds, abs=0.5)
    assert error_rate([(one.text, before.text), (other.text, after.text)], "en") <= 0.1


async def send(room: AsyncRoom, audio: Floats, pts: float) -> None:
    for at in range(0, len(audio), SAMPLE_RATE // 2):
        await room.send_audio(audio[at : at + SAMPLE_RATE // 2], SAMPLE_RATE, pts + at / SAMPLE_RATE)


async def test_time_that_runs_backwards_is_refused_and_the_room_goes_on(
    client: AsyncClient, corpus: Corpus
) -> None:
    clip = corpus["librivox-0870"]
    refused: list[InvalidInput] = []
    async with client.room("backwards") as room:
        for number, at in enumerate(range(0, len(clip.audio), SAMPLE_RATE // 2)):
            chunk = clip.audio[at : at + SAMPLE_RATE // 2]
            if number == 6:
                await room.send_audio(chunk, SAMPLE_RATE, pts=0.0)
            try:
                await room.send_audio(chunk, SAMPLE_RATE, pts=at / SAMPLE_RATE)
            except InvalidInput as error:
                refused.append(error)
                await room.send_audio(chunk, SAMPLE_RATE, pts=at / SAMPLE_RATE)
        try:
            await room.end()
        except InvalidInput as error:
            refused.append(error)
        events = await heard(room)
    assert len(refused) == 1
    assert "pts 0.000 s lies before 3.000 s" in str(refused[0])
    check(events, clip.seconds)
    assert error_rate([(clip.text, text(events))], "en") <= 0.1


QUIET = {
    "silence": signals.silence(60),
    "white noise": signals.white_noise(60),
    "loud noise": signals.white_noise(60, 0.3),
    "hum": signals.hum(60),
    "tone": signals.tones(60, 440),
    "chord": signals.tones(60, 220, 277, 330),
    "music": signals.music(60),
}


async def test_no_words_where_nobody_speaks(client: AsyncClient) -> None:
    heard = await asyncio.gather(*(play(client, audio, chunk_s=1.0) for audio in QUIET.values()))
    said = {name: text(events) for name, events in zip(QUIET, heard, strict=True)}
    assert said == dict.fromkeys(QUIET, "")


def differing(one: str, other: str, language: str) -> float:
    """Share of the words of `one` that `other` has not."""
    wanted = tokens(one, language)
    return Levenshtein.distance(wanted, tokens(other, language)) / len(wanted)


@pytest.mark.thorough
async def test_eight_rooms_do_not_mix(client: AsyncClient, corpus: Corpus) -> None:
    """Each hears what it hears alone; as hypotheses are made at other moments, a word in 20 may differ."""
    long = corpus["two_cities"].audio
    rooms: dict[str, tuple[Floats, str]] = {name: (corpus[name].audio, "en") for name in SENTENCES}
    rooms["中文"] = joined(corpus, *CHINESE), "zh"
    rooms["first half"] = long[: 12 * SAMPLE_RATE], "en"
    rooms["second half"] = long[12 * SAMPLE_RATE : 24 * SAMPLE_RATE], "en"
    solo = {name: await play(client, audio) for name, (audio, _) in rooms.items()}
    together = await asyncio.gather(
        *(play(client, audio, room_id=f"room {name}") for name, (audio, _) in rooms.items())
    )
    for (name, (_, language)), events in zip(rooms.items(), together, strict=True):
        assert differing(text(solo[name]), text(events), language) <= 0.05, name
        assert {event.language for event in finals(events)} == {language}


async def abandon(client: AsyncClient, room_id: str, audio: Floats) -> None:
    async with client.room(room_id) as room:
        await send(room, audio, 0.0)
        raise KeyError("the service lost interest")


async def test_an_abandoned_room_can_be_opened_again_at_once(client: AsyncClient, corpus: Corpus) -> None:
    first, second = corpus["two_cities"], corpus["en-quick_brown_fox"]
    for _ in range(3):
        with pytest.raises(KeyError):
            await abandon(client, "abandoned", first.audio[: 5 * SAMPLE_RATE])
        events = await play(client, second.audio, room_id="abandoned")
        assert error_rate([(second.text, text(events))], "en") <= 0.1


async def test_a_cancelled_room_says_so_to_who_reads_it(client: AsyncClient, corpus: Corpus) -> None:
    async with client.room("cancelled") as room:
        await send(room, corpus["librivox-0870"].audio[: 3 * SAMPLE_RATE], 0.0)
        await room.cancel()
        with pytest.raises(RoomClosed):
            await heard(room)


def runs(triton: Triton, model: str) -> int:
    with InferenceServerClient(triton.grpc) as client:
        return int(client.get_inference_statistics(model).model_stats[0].execution_count)


async def test_denoised_speech(client: AsyncClient, live_triton: Triton, corpus: Corpus) -> None:
    names = SENTENCES[:3]
    audio = joined(corpus, *names)
    noise = signals.white_noise(len(audio) / SAMPLE_RATE, 0.25 * float(np.sqrt(np.square(audio).mean())))
    noisy = (audio + noise).clip(-1, 1)
    before = runs(live_triton, "denoise")
    events = await play(client, noisy, denoise=True, language="en")
    assert runs(live_triton, "denoise") > before
    assert error_rate([(reference(corpus, *names), text(events))], "en") <= 0.15
    assert finals(events)[-1].pts_end == pytest.approx(len(audio) / SAMPLE_RATE - 0.9, abs=0.6)


@pytest.mark.parametrize("room_id", ["直播间-42", "a room/with?signs&ünïcode", "间" * 42])
async def test_any_room_id(client: AsyncClient, corpus: Corpus, room_id: str) -> None:
    events: list[Caption] = await play(client, corpus["en-hello_world"].audio, room_id=room_id)
    assert text(events) == "Hello world."


async def test_a_room_on_a_server_without_moods_has_captions(
    client: AsyncClient, corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    async with client.room("no-moods", language="en", moods=True) as room:
        await room.play(corpus["librivox-0870"].audio, SAMPLE_RATE, pace=0)
        await room.end()
        told = [event async for event in room.events()]
    assert finals([event for event in told if isinstance(event, Caption)])
    assert all(isinstance(event, Caption) for event in told)
    said = [record.levelname for record in caplog.records if "has no mood" in record.message]
    assert said[:1] == ["WARNING"]
