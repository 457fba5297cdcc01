"""No emoji offends but those that are meant to: all there are, alone, repeated, and behind a greeting."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from exporters.moderation.categories import CATEGORIES, DEFAULT_THRESHOLD
from exporters.moderation.measure import Scorer

REPOSITORY = Path(__file__).parents[2] / "model_repository"
RUDE = frozenset("🖕💩🍆🤬🤢")
"""Beside other words these are words."""
JOINER, SELECTOR = "\u200d", "\ufe0f"
TONES = ["", "🏻", "🏼", "🏽", "🏾", "🏿"]
WORK = "⚕🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒✈⚖🍼🦯🦼🦽🎄🦰🦱🦲🦳"
BLOCKS = (0x2190, 0x2400), (0x2600, 0x27C0), (0x2B00, 0x2C00), (0x1F300, 0x1FAFF)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    with np.load(REPOSITORY / "moderation_features" / "1" / "tables.npz") as tables:
        return Scorer(REPOSITORY / "moderation_head" / "1" / "model.onnx", dict(tables))


def single() -> Iterator[str]:
    for begin, end in BLOCKS:
        for code in range(begin, end):
            if unicodedata.category(chr(code)) == "So" and chr(code) not in RUDE:
                yield chr(code)


def pictures() -> Iterator[str]:
    """Professions, families, couples, people with any skin, and the flags of all countries, real or not."""
    for person in "👨👩🧑":
        for tone in TONES:
            yield person + tone
            yield from (person + tone + JOINER + work + SELECTOR for work in WORK)
            for other in "👨👩🧑":
                yield f"{person}{tone}{JOINER}🤝{JOINER}{other}{tone}"
                yield f"{person}{tone}{JOINER}❤️{JOINER}{other}{tone}"
                yield f"{person}{tone}{JOINER}❤️{JOINER}💋{JOINER}{other}{tone}"
        for child in "👦👧":
            yield person + JOINER + child
            yield JOINER.join((person, "👩", child, "👦"))
    for body in "👮💂👷🕵👳👱🙅🙆💁🙋🙇🤦🤷🧖🧗🏃🚶🧘🧍🧎🏄🏊🚣🚴🤸🤽🤾🤹🧙🧚🧛🧜🧝🧞🧟":
        for tone in TONES:
            yield from (body + tone + JOINER + sign + SELECTOR for sign in "♀♂")
    letters = [chr(0x1F1E6 + letter) for letter in range(26)]
    yield from (first + second for first in letters for second in letters)
    yield from ("🏳️‍🌈", "🏳️‍⚧️", "🏴‍☠️", "🐕‍🦺", "🐈‍⬛", "🐦‍⬛", "🐻‍❄️", "😮‍💨", "❤️‍🔥", "👁️‍🗨️")


@pytest.mark.parametrize("frame", ["{}", "{0}{0}{0}", "今天真开心{}", "good morning {}"])
def test_no_emoji_is_an_offense_but_those_meant_as_one(scorer: Scorer, frame: str) -> None:
    shown = [*single(), *pictures()]
    scores = scorer([frame.format(sign) for sign in shown])[:, : CATEGORIES.index("spam")]
    wrong = np.flatnonzero(scores.max(1) >= DEFAULT_THRESHOLD)
    assert not len(wrong), f"taken for offensive: {[shown[index] for index in wrong]}"


@pytest.mark.parametrize("line", ["🖕你妈", "你妈💀了，你个🐷脑子", "主播操你👩"])
def test_an_emoji_in_place_of_a_word_still_offends(scorer: Scorer, line: str) -> None:
    assert scorer([line])[0, 0] >= DEFAULT_THRESHOLD
