"""The served decoder on a tiny Whisper: drafts and batch-mates change nothing; loops end."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import tiny_whisper
from whisper_decoder.decoding import Decoder, Hypothesis, Request
from whisper_decoder.network import Network
from whisper_decoder.repetition import repeated_tail
from whisper_decoder.vocabulary import LanguageError, Vocabulary

PRECISIONS = ("fp32", "int8")
Decoders = dict[str, Decoder]


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> Decoders:
    """A decoder per precision, all of one tiny checkpoint."""
    made = {}
    for precision in PRECISIONS:
        folder = tiny_whisper.export(tmp_path_factory.mktemp(precision), precision)
        made[precision] = Decoder(Network(folder, threads=1), Vocabulary(folder))
    return made


def clips(count: int, positions: int = 50, seed: int = 0) -> list[Request]:
    """Requests whose texts have all lengths: states [positions, width] of noise, 1 to 8 s."""
    generator = np.random.default_rng(seed)
    shape = (positions, tiny_whisper.SIZE.width)
    return [
        Request(generator.standard_normal(shape).astype(np.float32), 1.0 + number % 8)
        for number in range(count)
    ]


def solo(decoder: Decoder, requests: Sequence[Request]) -> list[Hypothesis]:
    return [decoder.decode([request])[0] for request in requests]


def same_text(ours: Hypothesis, theirs: Hypothesis) -> bool:
    return (ours.tokens, ours.language, ours.looped) == (theirs.tokens, theirs.language, theirs.looped)


def test_the_tiny_checkpoint_says_different_things_of_different_lengths(decoders: Decoders) -> None:
    texts = solo(decoders["fp32"], clips(16))
    assert len({tuple(text.tokens) for text in texts}) == 16
    assert len({len(text.tokens) for text in texts}) > 5
    assert {text.looped for text in texts} == {True, False}
    assert len({text.language for text in texts}) > 1


@pytest.mark.parametrize("precision", PRECISIONS)
def test_batched_equals_solo(decoders: Decoders, precision: str) -> None:
    """Bit for bit in int8, whose products are exact; to rounding in fp32."""
    decoder = decoders[precision]
    requests = clips(16)
    for number, text in enumerate(solo(decoder, requests)):
        request, tokens = requests[number], text.tokens
        kind = number % 4
        prefix = tokens[: number + 1] if kind in (1, 3) else []
        draft = tokens[len(prefix) : len(prefix) + 2 * number] if kind in (2, 3) else []
        languages = (2, 0) if number % 3 == 0 else ()
        requests[number] = replace(request, prefix=prefix, draft=draft, languages=languages)
    alone = solo(decoder, requests)
    for order in (list(range(16)), list(range(15, -1, -1)), [3, 0, 5, 5]):
        together = decoder.decode([requests[number] for number in order])
        for number, text in zip(order, together, strict=True):
            assert same_text(text, alone[number])
            if precision == "int8":
                assert text == alone[number]
            else:
                assert text.logprobs == pytest.approx(alone[number].logprobs, abs=1e-4)


@pytest.mark.parametrize("kept", [0, 1, 5, 10_000])
@pytest.mark.parametrize("then", [[], [11, 12, 13]])
def test_a_draft_changes_nothing(decoders: Decoders, kept: int, then: list[int]) -> None:
    requests = clips(8)
    for request, text in zip(requests, solo(decoders["fp32"], requests), strict=True):
        draft = [*text.tokens[:kept], *then]
        assert same_text(decoders["fp32"].decode([replace(request, draft=draft)])[0], text)


def test_a_draft_that_goes_round_in_circles_changes_nothing(decoders: Decoders) -> None:
    """The draft holds what would have come, had nobody stopped the text at its bound or its loop."""
    requests = clips(8)
    texts = solo(decoders["fp32"], requests)
    assert any(text.looped for text in texts)
    for request, text in zip(requests, texts, strict=True):
        longer = solo(decoders["fp32"], [replace(request, seconds=10.0)])[0]
        for draft in (longer.tokens, longer.tokens + longer.tokens[-1:] * 40):
            assert same_text(decoders["fp32"].decode([replace(request, draft=draft)])[0], text)


def test_a_prefix_is_where_the_text_begins(decoders: Decoders) -> None:
    for request, text in zip(clips(8), solo(decoders["fp32"], clips(8)), strict=True):
        forced = [9, 8, 7]
        assert decoders["fp32"].decode([replace(request, prefix=forced)])[0].tokens[:3] == forced
        own = decoders["fp32"].decode([replace(request, prefix=text.tokens[:4])])[0]
        assert same_text(own, text)


def test_only_candidate_languages_are_chosen(decoders: Decoders) -> None:
    requests = clips(16)
    for language in range(len(tiny_whisper.CODES)):
        heard = solo(decoders["fp32"], [replace(each, languages=(language,)) for each in requests])
        assert {text.language for text in heard} == {language}
    pair = solo(decoders["fp32"], [replace(each, languages=(2, 0)) for each in requests])
    assert {text.language for text in pair} <= {0, 2}


def test_a_text_is_bounded_by_its_audio(decoders: Decoders) -> None:
    for request in clips(16):
        for prefix in ([], [5] * 2):
            bounded = replace(request, seconds=0.5, prefix=prefix)
            assert bounded.most_tokens == 15
            assert len(decoders["fp32"].decode([bounded])[0].tokens) <= 15


def test_nothing_suppressed_is_ever_written(decoders: Decoders) -> None:
    written = {token for text in solo(decoders["int8"], clips(16)) for token in text.tokens}
    assert written.isdisjoint({*tiny_whisper.VOCABULARY.suppress, tiny_whisper.END})
    assert all(
        text.tokens[0] not in tiny_whisper.VOCABULARY.begin_suppress
        for text in solo(decoders["fp32"], clips(16))
    )


def test_states_of_another_context_are_another_batch_but_the_same_code(decoders: Decoders) -> None:
    longer = clips(3, positions=120, seed=1)
    assert decoders["int8"].decode(longer) == solo(decoders["int8"], longer)


@pytest.mark.parametrize(
    ("tokens", "cut"),
    [
        ([], 0),
        ([1] * 11, 0),
        ([1] * 12, 11),
        ([9, 9, *[1] * 12], 11),
        ([1, 2, 3] * 3, 0),
        ([1, 2, 3] * 4, 9),
        ([0, *[1, 2, 3] * 4], 9),
        ([*[1, 2, 3] * 4, 0], 0),
        ([1, 2] * 5, 0),
        ([1, 2] * 6, 10),
        (list(range(16)) * 4, 48),
        (list(range(17)) * 4, 0),
        ([1, 2, 3, 4] * 3 + [1, 2, 3, 5], 0),
    ],
)
def test_a_repeated_tail_is_cut_to_its_first_phrase(tokens: list[int], cut: int) -> None:
    assert repeated_tail(tokens) == cut


@pytest.mark.parametrize(
    ("language", "indices"),
    [
        ("auto", ()),
        ("", ()),
        ("en", (0,)),
        ("EN", (0,)),
        ("zh-TW", (1,)),
        ("zh,en", (1, 0)),
        (" de , en ", (2, 0)),
    ],
)
def test_languages_are_codes(decoders: Decoders, language: str, indices: tuple[int, ...]) -> None:
    assert decoders["fp32"].vocabulary.indices(language) == indices


@pytest.mark.parametrize("language", ["klingon", "en,xx", "auto,en", "english", "en,"])
def test_unknown_languages_are_refused(decoders: Decoders, language: str) -> None:
    with pytest.raises(
        LanguageError, match=f"language is '{language}'; this checkpoint knows auto and 3 codes"
    ):
        decoders["fp32"].vocabulary.indices(language)


def test_an_english_only_checkpoint_knows_english(tmp_path: Path) -> None:
    folder = tiny_whisper.export(tmp_path, "fp32")
    ids = replace(tiny_whisper.VOCABULARY, codes=())
    (folder / "vocabulary.json").write_text(ids.to_json())
    english = Vocabulary(folder)
    assert (english.indices("auto"), english.indices("en"), english.code(-1)) == ((), (), "en")
    with pytest.raises(
        LanguageError, match="language is 'zh'; this checkpoint knows auto and en, for it is English"
    ):
        english.indices("zh")


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_gpu_that_is_not_there_is_told(tmp_path: Path) -> None:
    """ONNX Runtime would take the CPU instead, and only a log would say so."""
    folder = tiny_whisper.export(tmp_path, "fp32")
    with pytest.raises(ValueError, match=r"is to run on GPU 0, which ONNX Runtime .* can't use: install"):
        Network(folder, threads=1, gpu=0)
