"""The graph against torch; held-out lines; whether it matters who a line is about."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from evaluation import bias
from evaluation.chat_lines import LINES, MEANT
from exporters.contract import Measurement
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.sentiment.recipe import Trained, features_of
from exporters.sentiment.training import CLASSES
from sentiment_features.features import LANGUAGES

_BINS = 10


def calibration_error(confidence: Floats, right: Floats) -> float:
    """How far shares of right answers are from the confidence in them, on average over ten bins of it.

    Expected calibration error (Naeini et al. 2015), of 0 to 1.
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        np.mean(bins == each) * abs(confidence[bins == each].mean() - right[bins == each].mean())
        for each in np.unique(bins)
    ]
    return float(sum(gaps))


def shift(probabilities: Sequence[Floats]) -> float:
    """By how much a probability changes with whom a sentence is about: the median over sentences.

    probabilities: [people,3] of each sentence. Compared is with the median over its people.
    """
    moved = [np.abs(each - np.median(each, 0)).max(1) for each in probabilities]
    return float(np.median(np.concatenate(moved)))


def measure(path: Path, trained: Trained) -> Iterator[Measurement]:
    """Compare, then ask the graph what it was not told."""
    graph, reader = Graph(path), trained.reader
    features = features_of(reader, LINES)
    (found,) = graph(features=features)
    with torch.no_grad():
        expected = trained.network(torch.from_numpy(features)).numpy()
    alone = np.concatenate([graph(features=reader([line]).features)[0] for line in LINES])
    data = f"{len(LINES)} lines of chat, Chinese and English"

    def parity(name: str, other: Floats) -> Measurement:
        difference = max_difference(found, other)
        return Measurement(gate="parity", name=name, value=difference, limit=1e-5, data=data)

    yield parity("graph against torch", expected)
    yield parity("batched against solo", alone)
    yield from _held_out(graph, trained)
    told = [CLASSES[best] for best in graph(features=features_of(reader, list(MEANT)))[0].argmax(1)]
    yield Measurement(
        gate="accuracy",
        name="lines of chat told right",
        value=100 * float(np.mean([a == b for a, b in zip(told, MEANT.values(), strict=True)])),
        limit=None,
        bound=70.0,
        higher_is_better=True,
        unit=" %",
        data=f"{len(MEANT)} lines written for this project, in no training data",
    )
    for language in bias.SWAPPED:
        asked = [graph(features=features_of(reader, swapped))[0] for swapped in bias.sentences(language)]
        yield Measurement(
            gate="accuracy",
            name=f"median shift by who it is about, {language}",
            value=shift(asked),
            limit=0.02,
            data=f"{sum(map(len, asked))} sentences: names, genders and places exchanged",
        )


def _held_out(graph: Graph, trained: Trained) -> Iterator[Measurement]:
    features = features_of(trained.reader, [each.text for each in trained.held_out])
    clear = np.array([max(each.target) > 0.8 for each in trained.held_out])
    targets = np.array([each.target for each in trained.held_out], np.float32)
    chunks = [graph(features=features[at : at + 256])[0] for at in range(0, len(features), 256)]
    found = np.concatenate(chunks)
    for name in ("zh", "en"):
        told = features[:, 0] == LANGUAGES.index(name)
        mine = told & clear
        right = found[mine].argmax(1) == targets[mine].argmax(1)
        data = f"{int(mine.sum())} held-out lines of the training data's own kind"
        yield Measurement(
            gate="accuracy",
            name=f"told right, {name}",
            value=100 * float(right.mean()),
            limit=None,
            bound=60.0,
            higher_is_better=True,
            unit=" %",
            data=data,
        )
        yield Measurement(
            gate="accuracy",
            name=f"expected calibration error, {name}",
            # Clear ones alone would make it look less sure than it may be: all, by what share says so.
            value=calibration_error(found[told].max(1), targets[told, found[told].argmax(1)]),
            limit=0.1,
            data=f"{int(told.sum())} held-out lines of the training data's own kind",
        )
