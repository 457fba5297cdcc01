"""`asr` through the wire: equal to the same graphs in process, to itself in any company, and right."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from exporters.onnx_tools import Graph
from server import Triton
from serving_common.chinese_script import script_of
from tests.triton.conftest import PROJECT
from tests.triton.recognition import Answer, Array, ask, infer, tensors
from waveform.audio import normalize
from whisper_decoder.decoding import Decoder, Request, windows_of
from whisper_decoder.network import Network
from whisper_decoder.punctuation import chinese
from whisper_decoder.vocabulary import Vocabulary

Floats = NDArray[np.float32]
Corpus = dict[str, Clip]


@pytest.fixture(scope="module")
def client(live_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(live_triton.grpc) as client:
        yield client


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
        waveform, seconds = normalize(audio, SAMPLE_RATE)
        states = self.encoder(features=self.log_mel(waveform=waveform[None])[0])[0][0]
        forced, guess = self.vocabulary.encode(prefix), self.vocabulary.encode(draft)
        languages = self.vocabulary.indices(language)
        windows = windows_of(states)
        requests = [Request(window, seconds, languages) for window in windows]
        requests[0] = Request(windows[0], seconds, languages, forced, guess)
        said = [self.decoder.decode([request])[0] for request in requests]
        code, script = self.vocabulary.code(said[0].language), script_of(language)
        return Answer(
            chinese("".join(self.vocabulary.decode(each.tokens) for each in said), code, script, prefix),
            code,
            seconds,
            float(np.mean([each.average_logprob for each in said])),
            min(each.no_speech for each in said),
        )


def assert_equal(got: Answer, wanted: Answer) -> None:
    assert (got.text, got.language) == (wanted.text, wanted.language)
    assert got.duration == pytest.approx(wanted.duration)
    assert got.logprob == pytest.approx(wanted.logprob, abs=1e-6)
    assert got.no_speech == pytest.approx(wanted.no_speech, abs=1e-6)


@pytest.mark.parametrize(
    "name",
    [
        "librivox-0870",
        "en-quick_brown_fox",
        "zh-jishu",
        "zh-pangrama",
        pytest.param("two_cities", marks=pytest.mark.thorough),
    ],
)
def test_the_wire_changes_nothing(
    client: InferenceServerClient, in_process: InProcess, corpus: Corpus, name: str
) -> None:
    whole = corpus[name].audio
    for seconds in (28, 20, 12) if len(whole) > 28 * SAMPLE_RATE else (28,):
        clip = whole[: seconds * SAMPLE_RATE]
        plain = in_process(clip)
        assert_equal(ask(client, clip), plain)
    half = plain.text[: len(plain.text) // 3]
    language, rest = plain.language, plain.text[len(half) :]
    told = ask(client, clip, language=language, prefix=half, draft=rest)
    assert_equal(told, in_process(clip, language, half, rest))


@pytest.mark.parametrize(("language", "bound"), [("en", 0.06), ("zh", 0.27)])
@pytest.mark.parametrize("told", [True, False], ids=["told", "auto"])
def test_speech_is_recognized(
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


@pytest.mark.thorough
def test_batched_equals_solo_under_16_callers(client: InferenceServerClient, corpus: Corpus) -> None:
    requests = mixed(corpus)
    solo = [infer(client, request) for request in requests]
    before = batches(client)
    with ThreadPoolExecutor(16) as callers:
        order = [7 * number % 16 for number in range(16)]
        together = list(callers.map(lambda number: infer(client, requests[number]), order))
        assert together == [solo[number] for number in order]
    assert batches(client) > before, "nothing was batched, so nothing was tested"


def test_several_clips_in_one_request(client: InferenceServerClient, corpus: Corpus) -> None:
    clips = [cut(corpus["two_cities"], start, 4) for start in (0, 11, 30)]
    alone = [tensors(clip, language="en") for clip in clips]
    together = {name: np.concatenate([each[name] for each in alone]) for name in alone[0]}
    assert infer(client, together) == [infer(client, each)[0] for each in alone]


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
