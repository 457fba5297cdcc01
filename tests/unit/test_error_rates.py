"""Error rates count what was heard, not how it was written down."""

import pytest

from evaluation.error_rates import error_rate, tokens


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("Mr. Dashwood's 3 dogs!", "mister dashwoods three dogs", "en"),
        ("ill-disposed, cold-hearted", "ILL DISPOSED cold hearted", "en"),
        ("“Heaven” — in short…", "heaven in short", "en"),
        ("你好，世界！", "你好世界", "zh"),
        ("臺灣後來的發展", "台湾后来的发展", "zh"),
        ("１２３ ＡＢＣ", "一二三abc", "zh"),
        ("C'était déjà l'été.", "cétait déjà lété", "fr"),
    ],
)
def test_the_same_words_written_differently_are_no_errors(one: str, other: str, language: str) -> None:
    assert tokens(one, language) == tokens(other, language)
    assert error_rate([(one, other)], language) == 0.0


def test_chinese_is_counted_in_characters_and_english_in_words() -> None:
    assert error_rate([("你好世界", "你好事件")], "zh") == pytest.approx(0.5)
    assert error_rate([("hello world", "hello word")], "en") == pytest.approx(0.5)


def test_accents_and_marks_are_kept() -> None:
    assert tokens("हिन्दी", "hi") == ["हिन्दी"]
    assert error_rate([("pêche", "peche")], "fr") == 1.0


def test_rates_are_over_all_words_together() -> None:
    pairs = [("a b c d e f g h i", "a b c d e f g h i"), ("x", "y")]
    assert error_rate(pairs, "en") == pytest.approx(0.1)
    assert error_rate([("a", "a b c")], "en") == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("said", "heard", "edits"),
    [("a b c", "", 3), ("a b c", "a x b c", 1), ("a b c", "b c a", 2), ("k i t t e n", "s i t t i n g", 3)],
)
def test_words_left_out_put_in_and_changed_all_count_once(said: str, heard: str, edits: int) -> None:
    assert error_rate([(said, heard)], "en") == pytest.approx(edits / len(said.split()))


def test_a_rate_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="references with words"):
        error_rate([("...", "hello")], "en")
