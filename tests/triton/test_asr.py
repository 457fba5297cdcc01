"""`asr` through the wire: equal to the same graphs in process, to itself in any company, and right."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest
import soxr
from audio import normalise
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from exporters.onnx_tools import Graph
from exporters.speech import SAMPLE_RATE, Clip
from exporters.wer import error_rate
from exporters.whisper.served import Decoder, Network, Request, Vocabulary
from server import Triton
from tests import signals
from tests.triton.conftest import PROJECT

Array = NDArray[np.generic]
Floats = NDArray[np.float32]
Corpus = dict[str, Clip]


@dataclass(frozen=True)
class Answer:
    """What `asr` says of a clip."""

    text: str
    language: str
    duration: float
    logprob: float
    no_speech: float


@pytest.fixture(scope="module")
def client(live_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(live_triton.grpc) as client:
        yield client


def tensors(
    audio: Array, rate: int = SAMPLE_RATE, language: str = "auto", prefix: str = "", draft: str = ""
) -> dict[str, Array]:
    """The five inputs for one clip."""
    texts = {"language": language, "prefix": prefix, "draft": draft}
    inputs: dict[str, Array] = {"audio": audio[None], "sample_rate": np.array([[rate]], np.int32)}
    return inputs | {name: np.array([[text.encode()]], np.object_) for name, text in texts.items()}


def infer(client: InferenceServerClient, inputs: dict[str, Array]) -> list[Answer]:
    """One answer per clip of a request."""
    request = []
    for name, array in inputs.items():
        request.append(InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
        request[-1].set_data_from_numpy(array)
    result = client.infer("asr", request, client_timeout=60)
    names = ("text", "detected_language", "duration", "avg_logprob", "no_speech_prob")
    columns = [cast(Array, result.as_numpy(name)).reshape(-1) for name in names]
    return [
        Answer(text.decode(), language.decode(), float(seconds), float(logprob), float(no_speech))
        for text, language, seconds, logprob, no_speech in zip(*columns, strict=True)
    ]


def ask(client: InferenceServerClient, audio: Array, rate: int = SAMPLE_RATE, **texts: str) -> Answer:
    return infer(client, tensors(audio, rate, **texts))[0]


def cut(clip: Clip, start: float, seconds: float) -> Floats:
    return clip.audio[round(start * SAMPLE_RATE) : round((start + seconds) * SAMPLE_RATE)]


@pytest.fixture(scope="module")
def in_process() -> "InProcess":
    return InProcess()


class InProcess:
    """The exported graphs of `asr`, run one after the other without a server."""

    def __init__(self) -> None:
        models = PROJECT / "model_repository"
        self.log_mel = Graph(models / "log_mel/1/model.onnx")
        self.encoder = Graph(models / "whisper_encoder/1/model.onnx")
        self.vocabulary = Vocabulary(models / "whisper_decoder/1")
        self.decoder = Decoder(Network(models / "whisper_decoder/1", threads=1), self.vocabulary)

    def __call__(self, audio: Floats, language: str = "auto", prefix: str = "", draft: str = "") -> Answer:
        waveform, seconds = normalise(audio, SAMPLE_RATE)
        states = self.encoder(features=self.log_mel(waveform=waveform[None])[0])[0][0]
        forced, guess = self.vocabulary.encode(prefix), self.vocabulary.encode(draft)
        request = Request(states, seconds, self.vocabulary.indices(language), forced, guess)
        said = self.decoder.decode([request])[0]
        text, code = self.vocabulary.decode(said.tokens), self.vocabulary.code(said.language)
        return Answer(text, code, seconds, said.average_logprob, said.no_speech)


def assert_equal(got: Answer, wanted: Answer) -> None:
    assert (got.text, got.language) == (wanted.text, wanted.language)
    assert got.duration == pytest.approx(wanted.duration)
    assert got.logprob == pytest.approx(wanted.logprob, abs=1e-6)
    assert got.no_speech == pytest.approx(wanted.no_speech, abs=1e-6)


@pytest.mark.parametrize(
    "name", ["librivox-0870", "en-quick_brown_fox", "zh-jishu", "zh-pangrama", "two_cities"]
)
def test_the_wire_changes_nothing(
    client: InferenceServerClient, in_process: InProcess, corpus: Corpus, name: str
) -> None:
    clip = corpus[name].audio[: 20 * SAMPLE_RATE]
    plain = in_process(clip)
    assert_equal(ask(client, clip), plain)
    half = plain.text[: len(plain.text) // 2]
    language, rest = plain.language, plain.text[len(half) :]
    told = ask(client, clip, language=language, prefix=half, draft=rest)
    assert_equal(told, in_process(clip, language, half, rest))


@pytest.mark.parametrize(("language", "bound"), [("en", 0.06), ("zh", 0.27)])
@pytest.mark.parametrize("told", [True, False], ids=["told", "auto"])
def test_speech_is_recognised(
    client: InferenceServerClient, corpus: Corpus, language: str, bound: float, told: bool
) -> None:
    clips = [clip for clip in corpus.values() if clip.language == language and clip.seconds <= 30]
    answers = [ask(client, clip.audio, language=language if told else "auto") for clip in clips]
    pairs = [(clip.text, answer.text) for clip, answer in zip(clips, answers, strict=True)]
    assert {answer.language for answer in answers} == {language}
    assert error_rate(pairs, language) <= bound
    for clip, answer in zip(clips, answers, strict=True):
        assert answer.duration == pytest.approx(clip.seconds, abs=1e-3)
        assert answer.logprob > -0.6
        assert answer.no_speech < 0.5


def mixed(corpus: Corpus) -> list[dict[str, Array]]:
    """16 requests of many lengths, in two languages, with and without prefix and draft."""
    long, short = corpus["two_cities"], [clip for clip in corpus.values() if clip.seconds < 8]
    requests = [tensors(clip.audio) for clip in short]
    requests += [tensors(cut(long, 3 * i, 2.0 + 1.7 * i)) for i in range(4)]
    requests.append(tensors(cut(long, 0, 5), prefix=" It was the best", draft=" of times, it was the worst"))
    requests.append(tensors(cut(long, 3, 3), language="en,zh", draft=" nobody says this"))
    while len(requests) < 16:
        requests.append(tensors(cut(long, len(requests), 6), language="de,en"))
    return requests[:16]


def batches(client: InferenceServerClient) -> int:
    """How many executions of the decoder held more than one request so far."""
    statistics = client.get_inference_statistics("whisper_decoder").model_stats[0].batch_stats
    return sum(int(each.compute_infer.count) for each in statistics if each.batch_size > 1)


def test_batched_equals_solo_under_16_callers(client: InferenceServerClient, corpus: Corpus) -> None:
    requests = mixed(corpus)
    solo = [infer(client, request) for request in requests]
    before = batches(client)
    with ThreadPoolExecutor(16) as callers:
        for shift in range(2):
            order = [(7 * number + shift) % 16 for number in range(16)]
            together = list(callers.map(lambda number: infer(client, requests[number]), order))
            assert together == [solo[number] for number in order]
    assert batches(client) > before, "nothing was batched, so nothing was tested"


def test_a_bad_request_fails_alone(client: InferenceServerClient, corpus: Corpus) -> None:
    good = mixed(corpus)[:8]
    solo = [infer(client, request) for request in good]
    bad = [
        tensors(np.full(16_000, np.nan, np.float32)),
        tensors(corpus["en-hello_world"].audio, language="klingon"),
        tensors(corpus["en-hello_world"].audio) | {"prefix": np.array([[b"\xff\xfe"]], np.object_)},
        tensors(corpus["en-hello_world"].audio, 100),
    ]

    def call(inputs: dict[str, Array]) -> list[Answer] | str:
        try:
            return infer(client, inputs)
        except InferenceServerException as error:
            return str(error.status())

    with ThreadPoolExecutor(16) as callers:
        for _ in range(2):
            answers = list(
                callers.map(call, [each for pair in zip(good, bad * 2, strict=True) for each in pair])
            )
            assert answers[::2] == solo
            assert answers[1::2] == ["StatusCode.INVALID_ARGUMENT"] * 8


def test_several_clips_in_one_request(client: InferenceServerClient, corpus: Corpus) -> None:
    clips = [cut(corpus["two_cities"], start, 4) for start in (0, 11, 30)]
    alone = [tensors(clip, language="en") for clip in clips]
    together = {name: np.concatenate([each[name] for each in alone]) for name in alone[0]}
    assert infer(client, together) == [infer(client, each)[0] for each in alone]


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
    "an hour": (
        {"audio": np.zeros((1, 3600 * 16_000), np.float32)},
        r"audio is 3600\.0 s long; asr takes at most 30",
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
}


@pytest.mark.parametrize(("change", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_tensors_are_refused(
    client: InferenceServerClient, corpus: Corpus, change: dict[str, Array | None], message: str
) -> None:
    inputs = {**tensors(SECOND), **change}
    with pytest.raises(InferenceServerException, match=message) as error:
        infer(client, {name: array for name, array in inputs.items() if array is not None})
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "Traceback" not in str(error.value)
    assert ask(client, corpus["en-hello_world"].audio).text.strip() == "Hello world."


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_sample_rates_are_heard_as_well(
    client: InferenceServerClient, corpus: Corpus, rate: int
) -> None:
    names = ("librivox-0870", "librivox-0890", "en-quick_brown_fox")
    pairs = []
    for name in names:
        resampled = soxr.resample(corpus[name].audio, SAMPLE_RATE, rate)
        answer = ask(client, resampled, rate)
        assert answer.duration == pytest.approx(corpus[name].seconds, abs=1e-3)
        pairs.append((corpus[name].text, answer.text))
    assert error_rate(pairs, "en") <= 0.08


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", "zh"), ("zh-CN", "zh"), ("ZH", "zh"), ("en,zh", "zh"), ("de", "de"), ("", "zh")],
)
def test_languages(client: InferenceServerClient, corpus: Corpus, language: str, told: str) -> None:
    assert ask(client, corpus["zh-nihao_shijie"].audio, language=language).language == told


def test_a_prefix_is_kept_and_continued(client: InferenceServerClient, corpus: Corpus) -> None:
    clip = cut(corpus["two_cities"], 0, 10)
    own = ask(client, clip, language="en").text
    begun = own[: own.index(" ", 20)]
    assert ask(client, clip, language="en", prefix=begun).text == own
    assert ask(client, clip, language="en", prefix=" Dickens wrote:").text.startswith(" Dickens wrote:")
    chinese = ask(client, corpus["zh-nihao_shijie"].audio, language="zh", prefix="你好").text
    assert chinese.startswith("你好")
    assert len(chinese) > 2


@pytest.mark.parametrize("draft", ["own", "cut", "wrong", "far too long"])
def test_a_draft_changes_nothing(client: InferenceServerClient, corpus: Corpus, draft: str) -> None:
    clip = cut(corpus["two_cities"], 0, 10)
    own = ask(client, clip).text
    drafts = {"own": own, "cut": own[:30], "wrong": " Nobody ever said so.", "far too long": own + own * 10}
    assert ask(client, clip, draft=drafts[draft]).text == own


NOBODY = {
    "silence": signals.silence(30.0),
    "white noise": signals.white_noise(12.0),
    "faint noise": signals.white_noise(12.0, 0.005),
    "loud noise": signals.white_noise(5.0, 0.3),
    "hum": signals.hum(12.0),
    "tone": signals.tones(12.0, 440),
    "high tone": signals.tones(12.0, 1000),
    "chord": signals.tones(5.0, 220, 277, 330),
    "music": signals.music(12.0),
}


@pytest.mark.parametrize("seconds", [1.0, 5.0, 30.0])
@pytest.mark.parametrize("name", NOBODY)
def test_no_text_is_invented(client: InferenceServerClient, name: str, seconds: float) -> None:
    """Up to the longest length of each at which Whisper base can be told from one who hears something."""
    answer = ask(client, NOBODY[name][: round(seconds * SAMPLE_RATE)])
    assert answer.text == ""
