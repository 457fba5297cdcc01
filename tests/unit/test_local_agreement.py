"""`agreement`: which words of two hypotheses in a row are stable."""

import pytest

from captions.local_agreement import stabilize, units


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" It was the best.", [" It", " was", " the", " best."]),
        ("今天天气。", ["今", "天", "天", "气", "。"]),
        (" 我用 Triton 服务器", [" 我", "用", " Triton", " 服", "务", "器"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        (" two  spaces", [" two", "  spaces"]),
    ],
)
def test_units_are_words_or_characters(text: str, parts: list[str]) -> None:
    assert units(text) == parts
    assert "".join(parts) == text


def test_the_last_word_is_never_stable() -> None:
    assert stabilize("", " It was", " It was") == " It"
    assert stabilize("", " It", " It") == ""


def test_only_what_both_hypotheses_say_is_stable() -> None:
    assert stabilize("", " It was the best of", " It was the worst of times") == " It was the"
    assert stabilize("", " It was", " He was here") == ""
    assert stabilize("", "", " It was the best") == ""
    assert stabilize("", " It was the best", "") == ""


def test_case_and_punctuation_take_the_newer_form() -> None:
    assert stabilize("", " it was. The best", " It was the best of") == " It was the best"


def test_punctuation_alone_has_to_be_the_same() -> None:
    assert stabilize("", "今天。明天", "今天,明天见") == "今天"
    assert stabilize("", "今天。明天", "今天。明天见") == "今天。明天"


def test_stable_text_is_kept_and_grows() -> None:
    stable = " It was"
    later = stabilize(stable, " It was the best", " It was the best of times")
    assert later == " It was the best"
    assert stabilize(later, " It was the best of times", " It was the best of times it") == (
        " It was the best of times"
    )


def test_characters_settle_one_by_one_in_chinese() -> None:
    assert stabilize("今天", "今天天气很", "今天天气很好") == "今天天气很"
