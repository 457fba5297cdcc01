"""`asr` and what it cannot recognize: malformed requests, sound without speech, a dead decoder."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests import signals
from tests.triton.recognition import Answer, Array, ask, infer, inputs, tensors
from tests.triton.rooms import stub

Corpus = dict[str, Clip]


@pytest.fixture(scope="module")
def client(live_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(live_triton.grpc) as client:
        yield client


SECOND = signals.white_noise(1.0)
MALFORMED: dict[str, tuple[dict[str, Array | None], str]] = {
    "dtype": ({"audio": np.zeros((1, 800), np.int16)}, "audio.*(data-?type|INT16)"),
    "no batch axis": ({"audio": SECOND}, "batch size|shape"),
    "stereo": ({"audio": np.zeros((1, 2, 800), np.float32)}, "shape"),
    "two rates": ({"sample_rate": np.array([[16_000, 8_000]], np.int32)}, "shape"),
    "name": ({"sound": SECOND[None], "audio": None}, "sound|audio|inputs"),
    "missing": ({"language": None}, "language|inputs"),
    "NaN": ({"audio": np.full((1, 800), np.nan, np.float32)}, "audio has NaN or infinite samples"),
    "infinity": ({"audio": np.full((1, 800), np.inf, np.float32)}, "audio has NaN or infinite samples"),
    "int16 as float": ({"audio": np.full((1, 800), 9_000, np.float32)}, "audio reaches 9000"),
    "empty": ({"audio": np.zeros((1, 0), np.float32)}, "audio is empty|empty"),
    "ten minutes": (
        {"audio": np.zeros((1, 600 * 16_000), np.float32)},
        r"audio is 600\.0 s long; asr takes at most 30",
    ),
    "100 Hz": (
        {"sample_rate": np.array([[100]], np.int32)},
        "sample_rate is 100; it must lie between 8000 and",
    ),
    "96 kHz": ({"sample_rate": np.array([[96_000]], np.int32)}, "sample_rate is 96000"),
    "negative rate": ({"sample_rate": np.array([[-16_000]], np.int32)}, "sample_rate is -16000"),
    "language": (
        {"language": np.array([[b"klingon"]], np.object_)},
        "language is 'klingon'; this checkpoint knows",
    ),
    "candidate": ({"language": np.array([[b"en,xx"]], np.object_)}, "language is 'en,xx'"),
    "not UTF-8": ({"language": np.array([[b"\xff"]], np.object_)}, "language is not UTF-8"),
    "long prefix": (
        {"prefix": np.array([[b" word" * 300]], np.object_)},
        "prefix has 300 tokens; at most 224",
    ),
    "a megabyte of prefix": (
        {"prefix": np.array([[b"hello " * 200_000]], np.object_)},
        "prefix has 1200000 bytes; at most 4096",
    ),
    "a megabyte of draft": (
        {"draft": np.array([[b"hello " * 200_000]], np.object_)},
        "draft has 1200000 bytes; at most 4096",
    ),
    "a megabyte of languages": (
        {"language": np.array([[b"su," * 400_000]], np.object_)},
        "language has 1200000 bytes; at most 1024",
    ),
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_tensors_are_refused(
    client: InferenceServerClient, corpus: Corpus, change: dict[str, Array | None], message: str
) -> None:
    changed = {**tensors(SECOND), **change}
    with pytest.raises(InferenceServerException, match=message) as error:
        infer(client, {name: array for name, array in changed.items() if array is not None})
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "Traceback" not in str(error.value)
    assert ask(client, corpus["en-hello_world"].audio).text.strip() == "Hello world."


def test_a_bad_request_fails_alone(client: InferenceServerClient, corpus: Corpus) -> None:
    good = [tensors(clip.audio) for clip in corpus.values() if clip.seconds < 5][:4]
    solo = [infer(client, request) for request in good]
    bad = [
        tensors(np.full(16_000, np.nan, np.float32)),
        tensors(corpus["en-hello_world"].audio, language="klingon"),
        tensors(corpus["en-hello_world"].audio) | {"prefix": np.array([[b"\xff\xfe"]], np.object_)},
        tensors(corpus["en-hello_world"].audio, 100),
    ]

    def call(request: dict[str, Array]) -> list[Answer] | str:
        try:
            return infer(client, request)
        except InferenceServerException as error:
            return str(error.status())

    with ThreadPoolExecutor(8) as callers:
        for _ in range(2):
            answers = list(callers.map(call, [each for pair in zip(good, bad, strict=True) for each in pair]))
            assert answers[::2] == solo
            assert answers[1::2] == ["StatusCode.INVALID_ARGUMENT"] * len(bad)


NOBODY = {
    "silence": signals.silence(30.0),
    "white noise": signals.white_noise(30.0),
    "faint noise": signals.white_noise(30.0, 0.005),
    "loud noise": signals.white_noise(30.0, 0.3),
    "hum": signals.hum(30.0),
    "tone": signals.tones(30.0, 440),
    "high tone": signals.tones(30.0, 1000),
    "chord": signals.tones(30.0, 220, 277, 330),
    "music": signals.music(30.0),
}


@pytest.mark.parametrize(
    ("name", "seconds"), [*product(NOBODY, (1.0, 5.0, 14.0)), ("faint noise", 30.0), ("music", 30.0)]
)
def test_no_text_is_invented(client: InferenceServerClient, name: str, seconds: float) -> None:
    answer = ask(client, NOBODY[name][: round(seconds * SAMPLE_RATE)])
    assert answer.text == ""


def test_a_prefix_goes_with_one_window_only(client: InferenceServerClient, corpus: Corpus) -> None:
    clip = corpus["two_cities"].audio[: 17 * SAMPLE_RATE]
    with pytest.raises(InferenceServerException, match="a prefix can be given with a clip of up to 16 s"):
        ask(client, clip, prefix=" It was")
    assert ask(client, clip[: 15 * SAMPLE_RATE], prefix=" It was").text.startswith(" It was")


def decode(client: InferenceServerClient, positions: int) -> Future[None]:
    """Sends the decoder states of so many positions, which mean nothing; done when it has answered."""
    states = np.random.default_rng(positions).normal(size=(1, positions, 512)).astype(np.float32)
    texts = {name: array for name, array in tensors(SECOND).items() if array.dtype == np.object_}
    seconds = {"duration": np.array([[2.0]], np.float32), "spoken": np.array([[True]])}
    done: Future[None] = Future()

    def answered(result: object, error: InferenceServerException | None) -> None:
        done.set_exception(error) if error else done.set_result(None)

    client.async_infer(
        "whisper_decoder", inputs({"states": states} | seconds | texts), answered, client_timeout=60
    )
    return done


def test_clips_of_different_lengths_wait_together_for_the_decoder(client: InferenceServerClient) -> None:
    def executions() -> int:
        (model,) = client.get_inference_statistics("whisper_decoder").model_stats
        return int(model.execution_count)

    before = executions()
    for waiting in [decode(client, (400, 500)[number % 2]) for number in range(12)]:
        waiting.result(60)
    assert executions() - before <= 6  # one by one where a clip of another length ended a batch


@pytest.mark.thorough
def test_cancelled_calls_disturb_nobody(client: InferenceServerClient, corpus: Corpus) -> None:
    clips = [clip.audio for clip in corpus.values() if clip.seconds < 8][:6]
    solo = [ask(client, clip) for clip in clips]

    def cancelled(number: int) -> None:
        request = inputs(tensors(clips[number % len(clips)]))
        call = client.async_infer("asr", request, lambda result, error: None, client_timeout=60)
        time.sleep(0.02 * (number % 10))  # before, in the middle of, and after its steps
        call.cancel()

    with ThreadPoolExecutor(12) as callers:
        nuisance = callers.map(cancelled, range(40))
        assert list(callers.map(lambda clip: ask(client, clip), clips)) == solo
        list(nuisance)
    assert ask(client, clips[0]) == solo[0]


def test_a_killed_decoder_is_an_error_at_once_for_its_callers_only(
    client: InferenceServerClient, live_triton: Triton, corpus: Corpus
) -> None:
    clip = corpus["en-hello_world"].audio

    def hears() -> bool:
        """Whether a step that is alive still answers."""
        waveform = InferInput("waveform", [1, 16_000], "FP32")
        waveform.set_data_from_numpy(signals.silence(1.0)[None])
        return client.infer("log_mel", [waveform], client_timeout=5).as_numpy("features") is not None

    stub(live_triton, "whisper_decoder").kill()
    began, failures = time.monotonic(), 0
    answer = None
    while answer is None:
        asked = time.monotonic()
        try:
            answer = ask(client, clip)
        except InferenceServerException:
            failures += 1
            assert time.monotonic() - asked < 5
        assert hears()
        assert time.monotonic() - began < 30, "the decoder did not come back"
    assert failures > 0
    assert answer.text.strip() == "Hello world."
