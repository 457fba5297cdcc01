"""What the normalizing stage of moderation makes of lines, whatever they are written in."""

from pathlib import Path

import numpy as np
import pytest

from moderation_features.features import Features
from moderation_features.ngrams import STARTS
from moderation_features.words import Words

TABLES = Path(__file__).parents[2] / "model_repository" / "moderation_features" / "1" / "tables.npz"


@pytest.fixture(scope="module")
def features() -> Features:
    with np.load(TABLES) as tables:
        return Features(dict(tables))


def read(features: Features, line: str) -> str:
    """Its plain characters, a space before every word of letters."""
    plain = features.plain([line])
    letters = (plain.codes >= 97) & (plain.codes <= 122)
    return "".join(
        (" " if letter and not glued else "") + chr(code)
        for code, letter, glued in zip(
            plain.codes.tolist(), letters.tolist(), plain.glued.tolist(), strict=True
        )
    ).strip()


def channel(buckets: np.ndarray, number: int) -> set[int]:  # type: ignore[type-arg]
    found = buckets[(buckets >= STARTS[number]) & (buckets < STARTS[number + 1])]
    return set(found.tolist())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ｆｕｃｋ", "fuck"),
        ("f\u200bu\u2060c\ufeffk", "fuck"),
        ("f\u0336u\u0336c\u0336k\u0336", "fuck"),
        ("f u c k you", "fuck you"),
        ("f.u.c.k you", "fuck you"),
        ("b1tch", "bitch"),
        ("a$$hole", "asshole"),
        ("ѕtuріd", "stupid"),
        ("𝖘𝖙𝖚𝖕𝖎𝖉", "stupid"),
        ("fuuuuuck", "fuuck"),
        ("傻 逼", "傻逼"),
        ("傻-_-逼", "傻逼"),
        ("媽媽", "妈妈"),
        ("🐷🐶", "猪狗"),
        ("🇨🇳人", "中国人"),
        ("你这👩司机", "你这女司机"),
        ("🐷\u200d🐶", "猪狗"),
        ("⼥⼈", "女人"),
        ("女表子", "婊子"),
        ("亻尔女子", "你女子"),
        ("木又寸", "树"),
    ],
)
def test_what_hides_a_word_is_undone(features: Features, written: str, meant: str) -> None:
    assert read(features, written) == meant


@pytest.mark.parametrize(
    "picture", ["👨‍👩‍👧‍👦", "👨🏿‍🌾", "👩‍❤️‍💋‍👨", "🏴‍☠️", "🐻‍❄️", "👩", "👴🏽", "🇯🇵", "👍🏿", "👮🏾‍♀️", "🤱🏼"]
)
def test_a_picture_of_somebody_says_no_word(features: Features, picture: str) -> None:
    assert not read(features, picture)
    assert read(features, f"good day {picture} all") == "good day all"


@pytest.mark.parametrize(
    "line", ["hello @anna, it's 3 pm!", "他也是人", "女子组", "mp3 666 $5", "我的妈呀！"]
)
def test_ordinary_writing_stays_as_it_is(features: Features, line: str) -> None:
    kept = "".join(character for character in line.lower() if character.isalnum())
    assert read(features, line).replace(" ", "").replace("e", "3") == kept.replace("666", "66").replace(
        "e", "3"
    )


@pytest.mark.parametrize("other", ["沙比", "啥笔", "sha bi", "shabi", "ShaBi", "s h a b i"])
def test_what_sounds_alike_shares_its_sounds(features: Features, other: str) -> None:
    table = features(["傻逼", other])
    assert channel(table[0], 2) <= channel(table[1], 2)


@pytest.mark.parametrize(
    "other", ["nzgsb", "n z g s b", "NZGSB", "n.z.g.s.b", "nizhegeshabi", "你z个s逼", "妮蔗咯煞毙"]
)
def test_first_letters_are_the_same_however_they_are_written(features: Features, other: str) -> None:
    table = features(["你这个傻逼", other])
    assert channel(table[0], 3) == channel(table[1], 3)


def test_what_is_hidden_shares_its_shape(features: Features) -> None:
    plain, siblings, other = features(["操妈猪", "澡码诸", "花开了"])
    assert len(channel(plain, 4) & channel(siblings, 4)) >= 3
    assert not channel(plain, 4) & channel(other, 4)


def test_a_line_is_read_the_same_in_any_company(features: Features) -> None:
    lines = ["你好", "", "x" * 4096, "hello world", "好" * 1300, "😀", "\u200b", "\ud800 alone", "nihao ma"]
    together = features(lines)
    for line, found in zip(lines, together, strict=True):
        alone = features([line])[0]
        for window, own in zip(found, alone, strict=False):
            assert sorted(window[window > 0]) == sorted(own[own > 0])
        assert not found[len(alone) :].any()


def test_a_long_line_is_judged_in_windows(features: Features) -> None:
    hidden = "今天天气不错我们一起去公园玩吧" * 60 + "你这个傻逼" + "明天也要早起上班所以早点休息" * 30
    wanted = channel(features(["傻逼"])[0], 0)
    windows = features([hidden])[0]
    assert len(windows) > 5
    assert any(wanted <= channel(window, 0) for window in windows)
    assert max((window > 0).sum() for window in windows) < 5000


def test_words_that_are_looked_up_are_bounded() -> None:
    words = Words({"ni": (1, 1.0), "hao": (2, 1.0)})
    assert words["nihao"].syllables == ((1, ord("n"), 0), (2, ord("h"), 2))
    assert not words["n" * 401].syllables
    assert words["nmsl"].initials
    assert not words["hello"].is_pinyin
