"""The gates: parity with training, recall on hidden lines, harmless lines, groups, labeled lines."""

import hashlib
import json
import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exporters.contract import Measurement
from exporters.errors import GateError
from exporters.moderation import DECOMPOSITIONS, PINYIN, corpora, evasion, pinyin, shapes, trial
from exporters.moderation.categories import DEFAULT_THRESHOLD
from exporters.moderation.head import FILE, RECORD, Head, reference
from exporters.onnx_tools import Graph, max_difference
from moderation_features.features import Features

Floats = npt.NDArray[np.float32]
Tables = dict[str, npt.NDArray[np.generic]]

LEAST_KEPT = 80.0
"""Percent of the recall on plain lines that must be kept in each kind of evasion, but for those in FLOORS."""
FLOORS = {
    "Chinese homophone": 45.0,
    "Chinese initials": 40.0,
    "Chinese radicals": 45.0,
    "Chinese swapped": 60.0,
    "English leet": 55.0,
    "English masked": 60.0,
    "English spaced": 70.0,
    "English swapped": 45.0,
}
"""Where less is kept so far: a head that does worse than that is refused."""
MOST_FLAGGED = 2.0
"""Percent of harmless chat that may be flagged."""
MOST_SHIFT = 0.1
"""By how much the median toxicity of a harmless line may differ from one group named in it to another."""
_AT_ONCE = 256


def data_folder() -> Path | None:
    """Where the labeled texts are: `text` in $LIVEROOM_DATA, or beside the project; None without them."""
    named = os.environ.get("LIVEROOM_DATA")
    folder = (Path(named) if named else Path(__file__).parents[3] / "shared" / "data") / "text"
    return folder if (folder / "cold" / "dev.csv").is_file() else None


class Scorer:
    """The normalizing stage and the head, as they are served."""

    def __init__(self, graph: Path, tables: Tables) -> None:
        self.features = Features(tables)
        self.graph = Graph(graph)

    def __call__(self, texts: list[str]) -> Floats:
        """Scores [n,9]."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        scores = np.zeros((len(texts), 9), np.float32)
        for begin in range(0, len(order), _AT_ONCE):
            some = order[begin : begin + _AT_ONCE]
            features, rules = self.features.with_rules([texts[index] for index in some])
            scores[some] = self.graph(features=features, rules=rules)[0]
        return scores

    def flagged(self, texts: list[str]) -> float:
        """Percent of lines that are flagged at the default threshold."""
        return 100 * float(np.mean(self(texts)[:, 0] >= DEFAULT_THRESHOLD))


def measure(
    graph: Path, tables: Tables, head: Head, files: Mapping[str, Path], default: bool
) -> Iterator[Measurement]:
    """All that the gates look at; what needs data that is not here is left out."""
    if default and hashlib.sha256(FILE.read_bytes()).hexdigest() != (
        kept := json.loads(RECORD.read_text())["sha256"]
    ):
        raise GateError(
            f"{FILE.name} is not the head that {RECORD.name} tells of, whose sha256 is {kept}: "
            "train both again, or git checkout them"
        )
    scorer = Scorer(graph, tables)
    yield from _parity(scorer, head)
    evade = evasion.build(pinyin.readings(files[PINYIN]), shapes.decompositions(files[DECOMPOSITIONS]))
    limit = 1.0 if default else None
    for language, lines, kinds in (
        ("Chinese", trial.TOXIC_ZH, evasion.CHINESE),
        ("English", trial.TOXIC_EN, evasion.ENGLISH),
    ):
        plain = scorer.flagged([*lines])
        yield _rate(
            f"{language} recall on plain lines", plain, 55.0 if limit else None, f"{len(lines)} lines"
        )
        for kind in kinds:
            chance = random.Random(7)  # noqa: S311 - no secret
            hidden = [
                evade(line, kind, strength, chance) for line in lines for strength in (1.0, 1.0, 0.5, 0.5)
            ]
            floor = FLOORS.get(f"{language} {kind}", LEAST_KEPT)
            kept = 100 * scorer.flagged(hidden) / max(plain, 1.0)
            yield _rate(
                f"{language} recall kept, {kind}",
                kept,
                floor if limit else None,
                f"{len(hidden)} lines",
            )
    yield _flagged("harmless lines flagged", scorer, [*trial.HARMLESS], bool(limit))
    yield from _groups(scorer, bool(limit))
    if folder := data_folder():
        yield from _labeled(scorer, folder, bool(limit))


def _parity(scorer: Scorer, head: Head) -> Iterator[Measurement]:
    texts = [*trial.TOXIC_ZH, *trial.TOXIC_EN, *trial.HARMLESS, "", "好" * 700]
    features, rules = scorer.features.with_rules(texts)
    together = scorer.graph(features=features, rules=rules)[0]
    yield Measurement(
        gate="parity",
        name="against sums in float64, bucket by bucket",
        value=max_difference(together, reference(head, features, rules)),
        limit=1e-4,
        data=f"{len(texts)} lines",
    )
    alone = []
    for text in texts:
        own, ruled = scorer.features.with_rules([text])
        alone.append(scorer.graph(features=own, rules=ruled)[0])
    yield Measurement(
        gate="parity",
        name="batched against solo",
        value=max_difference(together, np.concatenate(alone)),
        limit=1e-5,
        data=f"{len(texts)} lines",
    )


def _groups(scorer: Scorer, judged: bool) -> Iterator[Measurement]:
    shifts = []
    for frame in trial.FRAMES:
        names = trial.NAMES_EN if frame.isascii() else trial.NAMES_ZH
        toxicity = scorer([frame.replace("{g}", name) for name in names])[:, 0]
        shifts.append(np.abs(toxicity - np.median(toxicity)))
    shift = np.concatenate(shifts)
    data = f"{len(trial.FRAMES)} harmless sentences, {len(trial.NAMES_ZH)} and {len(trial.NAMES_EN)} groups"
    yield Measurement(
        gate="accuracy",
        name="median shift of toxicity by group",
        value=float(np.median(shift)),
        limit=MOST_SHIFT if judged else None,
        data=data,
    )
    yield Measurement(
        gate="accuracy",
        name="95th percentile of it",
        value=float(np.quantile(shift, 0.95)),
        limit=None,
        data=data,
    )


def _labeled(scorer: Scorer, folder: Path, judged: bool) -> Iterator[Measurement]:
    """On dev splits: test splits are for the record."""
    lines = corpora.distinct(corpora.cold(folder, "dev"), corpora.cold(folder, "test"))
    right = agreement(scorer, lines)
    yield _rate("COLD, dev split: lines told right", right, 80.0 if judged else None, f"{len(lines)} lines")
    lines = corpora.olid(folder, "val")
    yield _rate(
        "OLID, validation split: lines told right", agreement(scorer, lines), None, f"{len(lines)} lines"
    )


def agreement(scorer: Scorer, lines: list[corpora.Line]) -> float:
    """Percent of lines where toxicity is on the side of the threshold that their label is on."""
    toxicity = scorer([line.text for line in lines])[:, 0]
    labels = np.array([line.labels["toxicity"] for line in lines])
    return 100 * float(np.mean((toxicity >= DEFAULT_THRESHOLD) == (labels > 0.5)))


def _rate(name: str, value: float, limit: float | None, data: str) -> Measurement:
    return Measurement(
        gate="accuracy", name=name, value=value, limit=limit, higher_is_better=True, unit=" %", data=data
    )


def _flagged(name: str, scorer: Scorer, texts: list[str], judged: bool) -> Measurement:
    limit = MOST_FLAGGED if judged else None
    return Measurement(
        gate="accuracy",
        name=name,
        value=scorer.flagged(texts),
        limit=limit,
        unit=" %",
        data=f"{len(texts)} lines",
    )
