"""`captions` request by request: what is refused, what ends, what a room survives."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from liveroom import Client, InvalidInput, LiveroomError, Retries
from numpy.typing import NDArray

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.rooms import Answer, RawRoom, stub

Array = NDArray[np.generic]
Corpus = dict[str, Clip]

HALF = SAMPLE_RATE // 2
RATE, START_PTS = np.array([SAMPLE_RATE], np.int32), np.array([0.0])


@pytest.fixture
def room(live_triton: Triton, request: pytest.FixtureRequest) -> Iterator[RawRoom]:
    with RawRoom(live_triton.grpc, request.node.name) as room:
        yield room


def said(answers: list[Answer]) -> str:
    return " ".join(answer.text for answer in answers if answer.kind == "final")


def play(room: RawRoom, audio: Array, *, after: float = 0.0, start: bool = True) -> list[Answer]:
    """Send all of `audio` and the end; the answers that come until the room is closed."""
    for at in range(0, len(audio), HALF):
        end = at + HALF >= len(audio)
        room.chunk(audio[at : at + HALF], after + at / SAMPLE_RATE, start=start and at == 0, end=end)
    return room.rest()


def texts(*values: str) -> Array:
    return np.array([value.encode() for value in values], np.object_)


def test_every_request_is_answered_and_has_one_last_answer(room: RawRoom, corpus: Corpus) -> None:
    answers = play(room, corpus["librivox-0870"].audio)
    count = -(-len(corpus["librivox-0870"].audio) // HALF)
    assert sorted(int(answer.request) for answer in answers if answer.last) == list(range(1, count + 1))
    assert not any(answer.error for answer in answers)
    assert answers[-1].last
    assert int(answers[-1].request) == count


@pytest.mark.parametrize("missing", ["sample_rate", "pts"])
def test_a_chunk_that_lacks_what_every_one_has_is_refused_at_once(room: RawRoom, missing: str) -> None:
    """Triton lets it through as long as there are as many inputs."""
    inputs = {"audio": np.zeros(HALF, np.float32), "sample_rate": RATE, "pts": START_PTS}
    inputs |= {"language": texts("en")}
    del inputs[missing]
    room.send(inputs, start=True, end=True)
    (answer,) = room.rest()
    assert answer.error == f"a chunk has no {missing}; send it with the audio"


@pytest.mark.parametrize("size", [0, 1, 511, 16_000])
def test_a_room_of_a_single_request(room: RawRoom, corpus: Corpus, size: int) -> None:
    room.chunk(corpus["en-hello_world"].audio[:size], 0.0, start=True, end=True)
    answers = room.rest()
    assert [answer.error for answer in answers if answer.error] == []
    assert [answer.last for answer in answers][-1]
    assert ("hello" in said(answers).lower()) == (size == 16_000)


BAD: dict[str, tuple[dict[str, Array], str]] = {
    "NaN": ({"audio": np.full(800, np.nan, np.float32)}, "audio has NaN or infinite samples"),
    "loud": ({"audio": np.full(800, 300, np.float32)}, "audio reaches 300; .*send int16 as audio_int16"),
    "rate": ({"sample_rate": np.array([96_000], np.int32)}, "sample_rate is 96000; it must lie between 8000"),
    "other rate": ({"sample_rate": np.array([8_000], np.int32)}, "sample_rate is 8000, and was 16000"),
    "too long": ({"audio": signals.silence(31)}, r"31\.0 s long; send at most 30 s"),
    "both": ({"audio_int16": np.zeros(800, np.int16)}, "a chunk has audio and audio_int16; send either"),
    "backwards": ({"pts": np.array([0.0])}, r"pts 0\.000 s lies before 2\.000 s"),
    "pts": ({"pts": np.array([np.nan])}, "pts is nan"),
    "dtype": ({"audio": np.zeros(800, np.float64)}, "FP32|FP64"),
    "shape": ({"audio": np.zeros((1, 800), np.float32)}, "shape"),
    "two rates": ({"sample_rate": np.array([16_000, 16_000], np.int32)}, "shape"),
    "name": ({"sound": signals.silence(0.1)}, "sound|inputs"),
}


TRITONS = {"dtype", "shape", "two rates", "name"}
"""Which of them Triton refuses itself, without a code."""


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_chunk_is_refused_and_the_room_goes_on(room: RawRoom, corpus: Corpus, kind: str) -> None:
    change, message = BAD[kind]
    clip = corpus["librivox-0890"]
    for number in range(4):
        room.chunk(clip.audio[number * HALF : (number + 1) * HALF], number / 2, start=number == 0)
    good: dict[str, Array] = {"audio": signals.silence(0.1), "sample_rate": RATE, "pts": np.array([2.0])}
    bad = room.send({**good, **change})
    answers = room.read(bad)
    assert answers[-1].error
    assert not answers[-1].error.count("Traceback")
    assert answers[-1].request == bad
    assert re.search(message, answers[-1].error), answers[-1].error
    assert answers[-1].code == ("" if kind in TRITONS else "invalid_input")
    rest = play(room, clip.audio[4 * HALF :], after=2.0, start=False)
    assert [answer.error for answer in rest if answer.error] == []
    assert error_rate([(clip.text, said(answers + rest))], "en") <= 0.1


def test_a_chunk_without_audio_and_a_room_without_start_are_refused(live_triton: Triton) -> None:
    with RawRoom(live_triton.grpc, "no audio") as room:
        silent = room.send({"sample_rate": RATE, "pts": START_PTS}, start=True)
        assert "a chunk has no audio; send either audio or audio_int16" in room.read(silent)[-1].error
    with RawRoom(live_triton.grpc, "no start") as room:
        early = room.chunk(signals.silence(0.1), 0.0)
        assert "START" in room.read(early)[-1].error


def test_an_unknown_language_is_refused_at_once_and_the_room_can_be_begun_again(
    room: RawRoom, corpus: Corpus
) -> None:
    good: dict[str, Array] = {"audio": corpus["en-hello_world"].audio, "sample_rate": RATE, "pts": START_PTS}
    wrong = room.send({**good, "language": texts("klingon")}, start=True)
    behind = room.chunk(corpus["en-hello_world"].audio, 5.0)
    assert "language is 'klingon'; this checkpoint knows auto and 99 codes" in room.read(wrong)[-1].error
    assert room.read(behind)[-1].code == "invalid_input", "it is not heard, and so not acknowledged"
    room.send({**good, "language": texts("en")}, start=True, end=True)
    assert said(room.rest()) == "Hello world."


@pytest.mark.parametrize("language", ["jp", "en,jp", "english"])
def test_a_language_that_nobody_knows_is_blamed_on_nobody_else(live_triton: Triton, language: str) -> None:
    """By `asr` and by `captions` in the same words."""
    words = []
    with Client(live_triton.grpc) as client:
        for call in (client.transcribe, lambda *audio, **how: list(client.captions(*audio, **how))):
            with pytest.raises(InvalidInput) as caught:
                call(signals.silence(1), SAMPLE_RATE, language=language)
            words.append(str(caught.value))
    assert words[0] == words[1]
    assert words[0].startswith(
        f"language is {language!r}; this checkpoint knows auto and 99 codes such as en and zh"
    )


def test_a_room_begun_again_starts_from_nothing(live_triton: Triton, room: RawRoom, corpus: Corpus) -> None:
    """Another stream takes the room over; what the first one had sent is answered, and forgotten."""
    long, short = corpus["two_cities"].audio, corpus["en-quick_brown_fox"]
    for number in range(6):
        room.chunk(long[number * HALF : (number + 1) * HALF], number / 2, start=number == 0)
    room.read("5")
    with RawRoom(live_triton.grpc, room._room_id) as again:
        events = play(again, short.audio)
    assert error_rate([(short.text, said(events))], "en") <= 0.1
    assert "6" in {answer.request for answer in room.rest() if answer.last}


@pytest.mark.thorough
def test_who_does_not_read_holds_up_nobody(live_triton: Triton, room: RawRoom, corpus: Corpus) -> None:
    clip, other = corpus["two_cities"], corpus["librivox-0870"]
    for number, at in enumerate(range(0, len(clip.audio), SAMPLE_RATE)):
        room.chunk(clip.audio[at : at + SAMPLE_RATE], at / SAMPLE_RATE, start=number == 0)
    with Client(live_triton.grpc) as client:
        for _ in range(2):
            heard = [event for event in client.captions(other.audio, SAMPLE_RATE) if event.is_final]
            assert error_rate([(other.text, " ".join(event.text for event in heard))], "en") <= 0.1
    room.chunk(signals.silence(0), clip.seconds, end=True)
    assert error_rate([(clip.text, said(room.rest()))], "en") <= 0.1


def test_a_room_outlives_a_killed_decoder(live_triton: Triton, room: RawRoom, corpus: Corpus) -> None:
    """Callers of the dead model get quick errors, what it was needed for is done once it is back."""
    clip = corpus["librivox-0870"]
    for number in range(4):
        room.chunk(clip.audio[number * HALF : (number + 1) * HALF], number / 2, start=number == 0)
    room.read("3")
    stub(live_triton, "whisper_decoder").kill()
    with Client(live_triton.grpc, retries=Retries(1)) as client:
        began = time.monotonic()
        with pytest.raises(LiveroomError, match=r"(?i)not healthy|unavailable|not ready"):
            client.transcribe(corpus["en-hello_world"].audio, SAMPLE_RATE)
        assert time.monotonic() - began < 5
        with ThreadPoolExecutor(1) as other:
            answers = other.submit(play, room, clip.audio[4 * HALF :], after=2.0, start=False)
            assert error_rate([(clip.text, said(answers.result(60)))], "en") <= 0.1
        assert client.transcribe(corpus["en-hello_world"].audio, SAMPLE_RATE).text == "Hello world."
