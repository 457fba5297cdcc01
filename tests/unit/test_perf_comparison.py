"""The clips of the comparison with faster-whisper, and what CTranslate2 needs beside them."""

import numpy as np
import pytest

from evaluation.speech import SAMPLE_RATE, Clip
from perf.asr.comparison import joined, selection


def clip(name: str, seconds: float, text: str, language: str = "en") -> Clip:
    return Clip(name, np.ones(round(seconds * SAMPLE_RATE), np.float32), text, language)


CLIPS = [
    clip("beckett", 10, "ever tried"),
    clip("two_cities", 44, "we were all going direct the other way - in short"),
    clip("librivox-0870", 7, "one"),
    clip("librivox-0920", 6, "two"),
    clip("librivox-0930", 3.3, "three"),
    clip("zh-a", 4, "一", "zh"),
    clip("zh-b", 4, "二", "zh"),
]


def test_clips_are_of_about_10_and_30_seconds_in_both_languages() -> None:
    chosen = {each.name: each for each in selection(CLIPS)}
    assert list(chosen) == ["beckett", "librivox-10s", "two_cities-30s", "librivox-30s", "zh-10s"]
    assert chosen["two_cities-30s"].text == "we were all going direct the other way"
    assert chosen["two_cities-30s"].seconds == pytest.approx(29.7)
    assert chosen["librivox-10s"].text == "two three"
    assert chosen["librivox-30s"].text == "one two three"
    assert chosen["zh-10s"].language == "zh"
    assert all(each.seconds <= 30 for each in chosen.values())


def test_joined_clips_have_silence_between_them_and_none_after() -> None:
    both = joined("both", [clip("a", 1, "a"), clip("b", 2, "b")])
    assert both.text == "a b"
    assert both.seconds == 3.5
    silent = np.flatnonzero(both.audio == 0) / SAMPLE_RATE
    assert (silent[0], silent[-1]) == (1.0, pytest.approx(1.5, abs=0.001))


def test_a_transcript_that_lacks_the_words_at_the_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="two_cities lacks 'direct the other way'"):
        selection([clip("two_cities", 44, "something else")])
