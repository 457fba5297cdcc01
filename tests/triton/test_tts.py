"""Texts are spoken: early, whole, without clicks, with the times of their words, for many at once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import liveroom
import numpy as np
import numpy.typing as npt
import pytest
from liveroom.cli import main

from evaluation.error_rates import error_rate
from server import Triton
from tests.triton.told_metrics import asked, told

PROJECT = Path(__file__).parents[2]
RATE = 24_000
SENTENCES = {
    "zh": ("大家好，欢迎来到我们的直播间。",),
    "en": ("Welcome back to our show, everyone.",),
}

Samples = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server with `tts` out of the real repository."""
    log = tmp_path_factory.mktemp("tts") / "triton.log"
    with Triton(PROJECT / "model_repository", ["tts"], drain_s=0, log_file=log) as server:
        yield server


@pytest.fixture
async def client(triton: Triton) -> AsyncIterator[liveroom.AsyncClient]:
    async with liveroom.AsyncClient(triton.grpc) as client:
        yield client


async def spoken(
    client: liveroom.AsyncClient, text: str, **options: object
) -> tuple[Samples, list[liveroom.SpokenWord]]:
    pieces = [piece async for piece in client.speak(text, **options)]  # type: ignore[arg-type]
    ends = [piece.end for piece in pieces]
    assert [piece.start for piece in pieces[1:]] == pytest.approx(ends[:-1])
    return np.concatenate([p.samples for p in pieces]), [word for p in pieces for word in p.words]


def levels(samples: Samples) -> npt.NDArray[np.float64]:
    """The level of each 10 ms, in dB of full scale."""
    windows = samples[: len(samples) // 240 * 240].reshape(-1, 240) / 32768
    return np.asarray(10 * np.log10(np.square(windows).mean(1) + 1e-10))


@pytest.mark.parametrize("language", SENTENCES)
async def test_what_is_spoken_is_heard_again(
    client: liveroom.AsyncClient, live_triton: Triton, language: str
) -> None:
    heard = []
    async with liveroom.AsyncClient(live_triton.grpc) as listener:
        for sentence in SENTENCES[language]:
            samples, _ = await spoken(client, sentence)
            heard.append((sentence, (await listener.transcribe(samples, RATE, language=language)).text))
    assert error_rate(heard, language) <= 0.12, heard


@pytest.mark.thorough
async def test_words_come_in_order_within_the_audio_where_there_is_sound(
    client: liveroom.AsyncClient,
) -> None:
    text = "今天全场 8.5 折，iPhone 17 只要 $799，it’s great!"
    samples, words = await spoken(client, text)
    assert [word.text for word in words] == [
        "今天", "全场", "8.5 折", "iPhone", "17", "只要", "$799", "it’s", "great",
    ]  # fmt: skip
    assert [text[slice(*word.span)] for word in words] == [word.text for word in words]
    times = [edge for word in words for edge in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(samples) / RATE + 1e-6
    loud = levels(samples)
    for word in words:
        assert loud[int(word.start * 100) : int(word.end * 100)].max() > -35, word


@pytest.mark.thorough
async def test_joins_have_no_clicks_no_change_of_level_and_no_dead_air(client: liveroom.AsyncClient) -> None:
    text = "我们今天给大家准备了很多很多的好东西希望你们都能喜欢也希望你们多多支持我们的直播间"
    pieces = [piece async for piece in client.speak(text)]
    assert len(pieces) > 2
    loudness = []
    for before, after in pairwise(pieces):
        joined = np.concatenate([before.samples, after.samples]).astype(int)
        at = len(before.samples)
        assert np.abs(np.diff(joined[at - 240 : at + 240])).max() < 1200  # a step at a join would be a click
    for piece in pieces:
        loud = levels(piece.samples)
        loudness.append(float(np.percentile(loud, 90)))
    assert max(loudness) - min(loudness) < 6.0
    loud = levels(np.concatenate([piece.samples for piece in pieces]))
    silent = "".join("s" if level < -50 else "." for level in loud)
    assert max(map(len, silent.split("."))) < 40  # of 10 ms: nowhere as long as at a full stop


@pytest.mark.thorough
async def test_a_text_of_more_than_510_phonemes_is_spoken_to_its_end(client: liveroom.AsyncClient) -> None:
    text = "这款面膜真的非常好用大家一定要试一试" * 5 + "再见"
    samples, words = await spoken(client, text, speed=2.0)
    assert "".join(word.text for word in words) == text
    assert levels(samples)[-30:].max() > -40


@pytest.mark.thorough
async def test_a_pause_is_as_long_as_was_asked_for(client: liveroom.AsyncClient) -> None:
    samples, _ = await spoken(client, '<speak>你好<break time="1500ms"/>再见</speak>')
    silent = "".join("s" if level < -60 else "." for level in levels(samples))
    assert 150 <= max(map(len, silent.split("."))) <= 175
    short, long = [len((await spoken(client, "你好吗？我很好。", pauses=p))[0]) / RATE for p in (0.0, 3.0)]
    assert long - short == pytest.approx(3 * 0.35, abs=0.02)


@pytest.mark.parametrize(
    "text", ["Call 555-123-4567 now.", "The number is 1111111111111111111111111111111111."]
)
async def test_one_written_word_comes_once_from_its_first_sound_to_its_last(
    client: liveroom.AsyncClient, text: str
) -> None:
    samples, words = await spoken(client, text)
    assert [word.text for word in words] == text.rstrip(".").split()
    times = [edge for word in words for edge in (word.start, word.end)]
    assert times == sorted(times)
    number = next(word for word in words if word.text[0].isdigit())
    assert number.end - number.start > 0.5 * len(samples) / RATE


@pytest.mark.parametrize("voice", ["zm_yunxi", "zf_xiaoyi", "af_heart"])
@pytest.mark.parametrize("text", ["价格八十九块。", '<speak><prosody rate="0.6">苹果</prosody></speak>'])
async def test_slow_speech_begins_with_its_first_word_and_silence_before_it(
    client: liveroom.AsyncClient, text: str, voice: str
) -> None:
    samples, words = await spoken(client, text, voice=voice, speed=0.5 if "<" not in text else 1.0)
    begin, end = int(words[0].start * 100), int(words[0].end * 100)
    loud = levels(samples)
    assert loud[:begin].max(initial=-100) < loud[begin:end].max() - 30
    assert begin <= 10
    assert loud[begin + 2 : begin + 25].min() > -45  # a sound of its own would end before the word


@pytest.mark.parametrize("text", ["好", "Hi.", "666"])
async def test_very_short_texts_are_short_sounds_without_repeats(
    client: liveroom.AsyncClient, text: str
) -> None:
    samples, words = await spoken(client, text)
    assert len(words) == 1
    assert 0.2 < len(samples) / RATE < 2.5
    assert levels(samples)[-2:].max() < -40  # it has died away
    assert levels(samples).max() > -30


@pytest.mark.thorough
async def test_callers_at_once_hear_what_each_would_alone_and_all_begin_early(
    client: liveroom.AsyncClient,
) -> None:
    texts = ["你好。", "Hello.", "99元。", "Thank you."]
    alone = [(await spoken(client, text))[0] for text in texts]
    together = await asyncio.gather(*(spoken(client, text) for text in texts))
    for one, (other, _) in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


async def test_an_abandoned_call_stops_computing(client: liveroom.AsyncClient) -> None:
    long = client.speak("我们今天给大家准备了很多很多的好东西，希望你们都能喜欢。" * 20)
    await anext(long)
    await long.aclose()
    began = time.monotonic()
    await spoken(client, "Hi.")
    waited = time.monotonic() - began
    began = time.monotonic()
    await spoken(client, "Hi.")
    assert waited < 2 * (time.monotonic() - began) + 0.5


@pytest.mark.parametrize(
    ("text", "options", "match"),
    [
        ("   ", {}, "something to say"), ("😀", {}, "nothing that is spoken"), ("привет", {}, "Cyrillic"),
        ("hi", {"voice": "nobody"}, "zf_xiaoxiao"), ("hi", {"speed": 9.0}, "0.5 to 2"), ("hi", {"speed": float("nan")}, "0.5 to 2"),
        ("hi", {"pauses": -1.0}, "0 to 5"), ("hi", {"lexicon": {"hi": "/щ/"}}, "IPA"), ("<speak>a", {}, "not well-formed"), ("a\ud800", {}, "half a character"),
    ],
)  # fmt: skip
async def test_what_cannot_be_spoken_is_refused_with_what_would_be_right(
    client: liveroom.AsyncClient, text: str, options: dict[str, object], match: str
) -> None:
    with pytest.raises(liveroom.InvalidInput, match=match):
        await spoken(client, text, **options)


async def test_health_hears_a_greeting(client: liveroom.AsyncClient) -> None:
    health = await client.health("tts")
    assert health.ok, health


def test_say_writes_a_file_and_tells_its_words(
    triton: Triton, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hi.wav"
    assert main(["say", "你好 world", "--out", str(out), "--json", "--url", triton.grpc]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"file", "duration_s", "first_audio_s", "words"}
    assert [word["text"] for word in told["words"]] == ["你好", "world"]
    assert liveroom.read_audio(out)[1] == RATE
    assert main(["say", "привет", "--out", str(tmp_path / "no.wav"), "--url", triton.grpc]) != 0
    assert not (tmp_path / "no.wav").exists()


async def test_what_is_spoken_is_counted_under_the_names_that_the_dashboard_asks_for(
    client: liveroom.AsyncClient, triton: Triton
) -> None:
    before = told(triton)
    audio, _ = await spoken(client, "欢迎。")
    after = told(triton)
    assert asked("liveroom_speech") <= after.keys()
    assert after["liveroom_speech_texts_total"] - before["liveroom_speech_texts_total"] == 1
    seconds = after["liveroom_speech_audio_seconds_total"] - before["liveroom_speech_audio_seconds_total"]
    assert seconds == pytest.approx(len(audio) / RATE)
