"""From corpora to what is served."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from exporters.contract import Job
from exporters.onnx_tools import Floats, export_module
from exporters.sentiment import chinese, corpora
from exporters.sentiment.graph import add_up
from exporters.sentiment.lines import Example
from exporters.sentiment.network import Classifier
from exporters.sentiment.own_lines import read_lines
from exporters.sentiment.sources import (
    EMOJI,
    EMOJI_TABLE,
    KAOMOJI,
    KAOMOJI_TABLE,
    VADER,
    VADER_LEXICON,
    VADER_TEXTS,
)
from exporters.sentiment.training import calibrated, fit
from sentiment_features.features import HASHED, LANGUAGES, PADDING, Reader, entries_of, rows

_DECAY, _DECAY_SUMS = (1e-4, 1.2e-4), 1e-5
"""Of squares of weights: of n-grams, those in English lines last; and of the sums of valences."""
_NEGATED = -0.74
"""What a negation makes of a valence, as in VADER."""
_HEAVY = 1.4
"""What a word of degree, or "but" before it, makes of a valence."""
_ENGLISH_PRIOR = (0.29, 0.42, 0.29)
"""Shares of the classes among English lines: fewer of those that were rated are neutral than in a room."""
_HELD_OUT = 8
"""One line of so many is for the temperature, and for no weight."""
_OWN_WEIGHT = 3.0
_AT_ONCE = 256


@dataclass(frozen=True)
class Trained:
    """What is served, and what it is measured on.

    held_out: examples that are in no weight.
    """

    lexicon: NDArray[np.uint64]
    network: Classifier
    held_out: Sequence[Example]

    @property
    def reader(self) -> Reader:
        """As the server reads."""
        return Reader(self.lexicon)

    def save_lexicon(self, path: Path) -> Path:
        """Write the hashes of its terms."""
        np.save(path, self.lexicon)
        return path

    def export(self, path: Path) -> Path:
        """Write the classifier."""
        example = torch.tensor([[1, 5, 9, -1], [2, 7, 9, 8]], dtype=torch.int32)
        dynamic = {"features": {0: "batch", 1: "places"}, "probabilities": {0: "batch"}}
        export_module(self.network, path, {"features": example}, ["probabilities"], dynamic)
        return add_up(path)


def train(job: Job) -> Trained:
    """Fit everything but one line of eight, and the temperature on that."""
    terms = corpora.lexicon(
        job.file(VADER, VADER_LEXICON), job.file(EMOJI, EMOJI_TABLE), job.file(KAOMOJI, KAOMOJI_TABLE)
    )
    lexicon, first = np.unique(entries_of(list(terms), list(map(bool, terms.values()))), return_index=True)
    reader, values = Reader(lexicon), np.array(list(terms.values()), np.float32)[first]
    examples = list(_different(_examples(job)))
    held = np.arange(len(examples)) % _HELD_OUT == 0
    features = features_of(reader, [each.text for each in examples])
    targets = np.array([each.target for each in examples], np.float32)
    weights = np.array([each.weight for each in examples], np.float32)
    weights *= _to_prior(targets, weights, features[:, 0] == LANGUAGES.index("en"))
    kept = ~held
    head = fit(features[kept], targets[kept], weights[kept], _valences(values), _DECAY, _DECAY_SUMS)
    head = calibrated(head, features[held], targets[held], weights[held])
    return Trained(lexicon, Classifier(head).eval(), [examples[at] for at in np.flatnonzero(held)])


def features_of(reader: Reader, lines: Sequence[str]) -> NDArray[np.int32]:
    """Features [N,M] of any number of lines."""
    parts = [reader(lines[at : at + _AT_ONCE]).features for at in range(0, len(lines), _AT_ONCE)]
    found = np.full((len(lines), max(part.shape[1] for part in parts)), PADDING, np.int32)
    at = 0
    for part in parts:
        found[at : at + len(part), : part.shape[1]] = part
        at += len(part)
    return found


def _examples(job: Job) -> Iterator[Example]:
    """All that packages have, and what the user brings, first: of two with the same text the first counts."""
    if job.options.checkpoint is not None:
        yield from (
            Example(line.text, line.target, _OWN_WEIGHT) for line in read_lines(job.options.checkpoint)
        )
    yield from corpora.chat()
    yield from corpora.people()
    yield from corpora.hutto(job.file(VADER, VADER_TEXTS))
    yield from chinese.examples()
    yield from corpora.emoji(job.file(EMOJI, EMOJI_TABLE))
    yield from corpora.faces(job.file(KAOMOJI, KAOMOJI_TABLE))


def _different(examples: Iterator[Example]) -> Iterator[Example]:
    """Without those whose text differs from an earlier one's in case, space and punctuation at most."""
    seen: set[str] = set()
    for each in examples:
        key = "".join(filter(str.isalnum, each.text.lower())) or each.text
        if key not in seen:
            seen.add(key)
            yield each


def _to_prior(targets: Floats, weights: Floats, english: NDArray[np.bool_]) -> Floats:
    """What to multiply weights with, so that English lines are shared out as :data:`_ENGLISH_PRIOR` says."""
    mass = (weights[english, None] * targets[english]).sum(0)
    factors = np.array(_ENGLISH_PRIOR, np.float32) * mass.sum() / mass
    return np.where(english, targets @ factors, 1).astype(np.float32)


def _valences(values: Floats) -> torch.Tensor:
    """By place: those of the terms, in each of the variants."""
    found = torch.zeros(rows(len(values)))
    first = len(LANGUAGES) + HASHED
    once = torch.from_numpy(values)
    found[first:] = torch.cat((once, _NEGATED * once, _HEAVY * once, _NEGATED * _HEAVY * once))
    return found
