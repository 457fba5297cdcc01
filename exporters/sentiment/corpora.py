"""What the classifier is trained on: lines with how negative, neutral and positive they are."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from csv import DictReader
from pathlib import Path

from exporters.sentiment import chinese
from exporters.sentiment.lines import NEGATIVE, NEUTRAL, POSITIVE, Example, lines_of, rated
from sentiment_features.reading import read

HERE = Path(__file__).parent
_HUTTO = "hutto_ICWSM_2014/{}_GroundTruth.txt"
_SNIPPETS = {
    "tweets": 1.0,
    "amazonReviewSnippets": 0.7,
    "movieReviewSnippets": 0.4,
    "nytEditorialSnippets": 0.5,
}
"""Texts that Hutto and Gilbert (2014) had rated from -4 to 4, and how much each of a kind counts."""
_HAPPY = frozenset(
    (
        *(
            "happy",
            "love",
            "greeting",
            "dance",
            "excited",
            "sparkle",
            "uwu",
            "wink",
            "cute",
            "hug",
            "friends",
        ),
        *("music", "cool", "food", "cat", "bear", "bunny"),
    )
)
_UNHAPPY = frozenset(("sad", "angry", "hurt", "rude", "dissatisfied", "scared", "facepalm", "table flip"))

_CHINESE = ("{0}{0}", "主播{}", "真的{}", "{}啊", "太{}了吧", "这个{}")
_ENGLISH = ("{0} {0} {0}", "this is {}", "so {}", "that was {}", "{} chat")

_CHINESE_FRAMES = (
    ("{}", (0.1, 0.8, 0.1)),
    ("{}在直播间", (0.0, 1.0, 0.0)),
    ("有{}买过吗", (0.0, 1.0, 0.0)),
    ("{}觉得很好", (0.0, 0.0, 1.0)),
    ("{}唱得好听", (0.0, 0.0, 1.0)),
    ("{}觉得不好", (1.0, 0.0, 0.0)),
    ("{}唱得难听", (1.0, 0.0, 0.0)),
)
_ENGLISH_FRAMES = (
    ("{}", (0.1, 0.8, 0.1)),
    ("{} is in the chat", (0.0, 1.0, 0.0)),
    ("did {} order one", (0.0, 1.0, 0.0)),
    ("{} is great", (0.0, 0.0, 1.0)),
    ("{} is awful", (1.0, 0.0, 0.0)),
)
_CHINESE_PEOPLE = (
    "男人 女人 男孩 女孩 男的 女的 弟弟 妹妹 爸爸 妈妈 爷爷 奶奶 叔叔 阿姨 大叔 老人 孩子 小孩 学生 "
    "北京人 山东人 四川人 湖南人 湖北人 新疆人 西藏人 香港人 南方人 北方人 本地人 城里人 农民 外国人 "
    "韩国人 印度人 非洲人 英国人 俄罗斯人 白人 黑人 穆斯林 基督徒 同志 盲人 聋人 胖子 瘦子 "
    "张三 李四 小李 小张 小王 小红 老王 王芳 刘洋 陈静 建国 美丽 杰克 安娜 古丽 扎西 北京 上海 河南 美国 日本"
)
_ENGLISH_PEOPLE = (
    "he she him her they guys girls man woman boy girl mom dad grandma grandpa brother sister kid "
    "James Mary John Linda Tyrone Keisha Ahmed Aisha Chen Li Raj Carlos Maria Ivan Yuki "
    "Americans Chinese Indians Africans Mexicans Russians Germans Muslims Christians Jews Hindus "
    "black white Asian Arab gay lesbian trans straight old young disabled London Texas Lagos Delhi Beijing"
)


def hutto(archive: Path) -> Iterator[Example]:
    """English tweets, sentences of reviews and of editorials."""
    with tarfile.open(archive) as tar:
        for kind, weight in _SNIPPETS.items():
            member = tar.extractfile(_HUTTO.format(kind))
            assert member is not None  # noqa: S101 - sha256 says what is in it
            for line in io.TextIOWrapper(member, "utf-8", "replace"):
                _, rating, text = line.rstrip("\n").split("\t")
                yield Example(text, rated(float(rating)), weight)


def emoji(table: Path) -> Iterator[Example]:
    """Emoji, as tweets with them were labeled (Kralj Novak et al. 2015)."""
    with table.open(encoding="utf-8") as file:
        for row in DictReader(file):
            counts = [int(row[name]) for name in ("Negative", "Neutral", "Positive")]
            total = sum(counts)
            if total >= 20:
                negative, neutral, positive = (each / total for each in counts)
                yield Example(row["Emoji"], (negative, neutral, positive), 2.0)


def faces(packed: Path) -> Iterator[Example]:
    """Kaomoji by what they show."""
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            kind = row["category"]
            if row["tier"] == "core" and kind in _HAPPY | _UNHAPPY | {"shrug", "writing", "running"}:
                target = POSITIVE if kind in _HAPPY else NEGATIVE if kind in _UNHAPPY else NEUTRAL
                yield Example(row["text"], target, 0.5)


def chat() -> Iterator[Example]:
    """Lines that say nothing of how anybody feels, and words of live rooms, as lines and within lines."""
    yield from (Example(line, NEUTRAL, 15.0) for line in lines_of(HERE / "chat_neutral.txt"))
    for term, value in chat_words().items():
        yield Example(term, rated(value), 6.0)
        within = _ENGLISH if term.isascii() and term.isalpha() else _CHINESE
        yield from (Example(each.format(term), rated(value)) for each in within)


def people() -> Iterator[Example]:
    """Lines about all kinds of people that say the same of each: who it is about says nothing."""
    for frames, who in ((_CHINESE_FRAMES, _CHINESE_PEOPLE), (_ENGLISH_FRAMES, _ENGLISH_PEOPLE)):
        for frame, target in frames:
            yield from (Example(frame.format(each), target, 2.0) for each in who.split())


def chat_words() -> dict[str, float]:
    """Words of live rooms: valence from -3 to 3."""
    pairs = (line.split("\t") for line in lines_of(HERE / "chat_words.tsv"))
    return {term: float(value) for term, value in pairs}


def lexicon(vader: Path, table: Path, packed: Path) -> dict[str, float]:
    """Terms and their valence, -4 to 4: VADER's words, emoji, kaomoji, Chinese, and on top what rooms mean.

    Terms are as lines are read; of words whose letters are drawn out (soooo) there are all forms.
    """
    found: dict[str, float] = {}
    for line in lines_of(vader):
        term, value, *_ = line.split("\t")
        found[term] = float(value)
    found |= {each.text: 2.5 * (each.target[2] - each.target[0]) for each in emoji(table)}
    found |= {each.text: 2.0 * (each.target[2] - each.target[0]) for each in faces(packed)}
    known = chat_words()
    found = {term: value for term, value in _as_read({**_drawn_out(found), **found}).items() if value}
    return {**found, **_as_read(chinese.words()), **_as_read({**_drawn_out(known), **known})}


def _as_read(terms: Mapping[str, float]) -> dict[str, float]:
    return dict(zip(read(list(terms)), terms.values(), strict=True))


def _drawn_out(terms: Mapping[str, float]) -> dict[str, float]:
    """Each word with each of its letters three times; twice is how some are spelled."""
    return {
        word[:at] + 3 * letter + word[at + 1 :].lstrip(letter): value
        for word, value in terms.items()
        if word.isascii() and word.isalpha() and len(word) > 1
        for at, letter in enumerate(word)
    }
