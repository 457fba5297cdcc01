"""A softmax regression on what lines say: n-grams, and sums of the lexicon's valences; solved, not searched.

Its loss is convex, so the same data give the same weights (L-BFGS from zero; no seed is involved).
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from exporters.onnx_tools import Floats
from sentiment_features.features import HASHED, LANGUAGES

CLASSES = ("negative", "neutral", "positive")
SUMS = 7
"""Numbers made of a line's valences: see :func:`summed`."""
_PRIORS = len(LANGUAGES)
_CURVATURE = 0.1
"""Of the loss of a line, about p (1 - p) for its probability p of a class."""
_ENGLISH_TEMPERATURE = 1.12
"""See :func:`calibrated`."""
_SUREST = 1.0
"""The least temperature: lines that were written to be clear make a classifier surer than it may be."""
_SEEN = 2
"""Lines that an n-gram is in, to count."""


@dataclass
class Head:
    """What is served.

    table: [rows,3] of n-grams and languages. valence: [rows] of the lexicon's terms, 0 elsewhere.
    sums: [languages * SUMS, 3]. temperature: [languages].
    """

    table: torch.Tensor
    valence: torch.Tensor
    sums: torch.Tensor
    temperature: torch.Tensor


def summed(high: torch.Tensor, low: torch.Tensor) -> torch.Tensor:
    """[B,7] of the sums [B] of positive valences and of negative ones, without their sign.

    The first is VADER's compound score: x / sqrt(x^2 + 15) of their difference x (Hutto and Gilbert 2014).
    """
    both, all_ = high - low, high + low
    compound = both / (both.square() + 15).sqrt()
    return torch.stack(
        (
            compound,
            compound.abs(),
            high / (all_ + 1),
            low / (all_ + 1),
            torch.log1p(high),
            torch.log1p(low),
            (all_ > 0).float(),
        ),
        1,
    )


def fit(
    features: NDArray[np.int32],
    targets: Floats,
    weights: Floats,
    valence: torch.Tensor,
    decay: tuple[float, float],
    decay_sums: float,
    steps: int = 60,
) -> Head:
    """Minimize the weighted cross entropy against `targets` [N,3] plus decay times the squares of weights.

    features: [N,M] places, -1 after a line's last. weights: [N].
    """
    flat = torch.from_numpy(features)
    lines, columns = (flat >= 0).nonzero(as_tuple=True)
    places = flat[lines, columns].long()
    count, rows = len(flat), len(valence)
    language = flat[:, 0].long()
    gram = places < len(LANGUAGES) + HASHED
    scale = torch.zeros(count).index_add(0, lines[gram], torch.ones(int(gram.sum()))).rsqrt()
    values = valence[places]
    high = torch.zeros(count).index_add(0, lines, values.clamp(min=0))
    low = torch.zeros(count).index_add(0, lines, -values.clamp(max=0))
    sums = torch.zeros(count, _PRIORS * SUMS)
    of_line = summed(high, low)
    for number in range(_PRIORS):
        sums[language == number, number * SUMS : (number + 1) * SUMS] = of_line[language == number]

    y, each = torch.from_numpy(targets), torch.from_numpy(weights)[:, None]
    keys, times = (lines[gram] * rows + places[gram]).unique(return_counts=True)  # type: ignore[no-untyped-call]
    line, place = keys // rows, keys % rows
    kept = torch.bincount(place, minlength=rows) >= _SEEN
    line, place, times = line[kept[place]], place[kept[place]], times[kept[place]]
    kept_places, column = place.unique(return_inverse=True)
    prior = (kept_places < _PRIORS)[:, None]
    share = torch.where(place < _PRIORS, torch.ones(()), times * scale[line])
    english = torch.zeros(len(kept_places)).index_add(0, column, (language == 2).float()[line])
    english /= torch.bincount(column, minlength=len(kept_places))
    penalty = torch.where(prior[:, 0], torch.zeros(()), decay[0] + (decay[1] - decay[0]) * english)[:, None]
    # Steps of one size are right for n-grams of all frequencies where the loss is as curved along each.
    curved = torch.zeros(len(kept_places)).index_add(0, column, each[line, 0] * share.square()) / each.sum()
    stretch = (_CURVATURE * curved[:, None] + penalty).rsqrt()
    shape = (count, len(kept_places))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sparse tensors are in beta
        entries = torch.stack((line, column)), share * stretch[column, 0]
        coordinates = torch.sparse_coo_tensor(*entries, shape, check_invariants=False).coalesce()
        x, xt = coordinates.to_sparse_csr(), coordinates.t().coalesce().to_sparse_csr()

    pull = penalty * stretch.square()

    w = torch.zeros(len(kept_places), 3, requires_grad=True)
    a = torch.zeros(_PRIORS * SUMS, 3, requires_grad=True)
    total = each.sum()
    optimizer = torch.optim.LBFGS(
        [w, a], max_iter=steps, history_size=8, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def closure() -> torch.Tensor:
        with torch.no_grad():
            logs = (x @ w + sums @ a).log_softmax(1)
            error = each * (logs.exp() - y) / total
            w.grad = xt @ error + 2 * pull * w
            a.grad = sums.T @ error + 2 * decay_sums * a
            loss = -(each * y * logs).sum() / total
            return loss + (pull * w * w).sum() + decay_sums * (a * a).sum()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    table = torch.zeros(rows, 3)
    table[kept_places] = stretch * w.detach()
    return Head(table, valence, a.detach(), torch.ones(_PRIORS))


def calibrated(head: Head, features: NDArray[np.int32], targets: Floats, weights: Floats) -> Head:
    """The same with a temperature for each language, which on lines that are in no weight costs least.

    Guo et al. 2017, arXiv:1706.04599, section 4.2. Not for English: those lines were rated by ten people and
    more, whose mean is surer than anybody's label. There it is what TweetEval's validation set asks for.
    """
    from exporters.sentiment.network import Classifier  # noqa: PLC0415 - it imports this module

    with torch.no_grad():
        logs = Classifier(head)(torch.from_numpy(features)).clamp(min=1e-9).log()
    language = torch.from_numpy(features[:, 0]).long()
    y, each = torch.from_numpy(targets), torch.from_numpy(weights)[:, None]
    candidates = torch.linspace(_SUREST, 3.0, 101)
    found = torch.ones(_PRIORS)
    found[LANGUAGES.index("en")] = _ENGLISH_TEMPERATURE
    for number in range(_PRIORS):
        mine = language == number
        if mine.any() and LANGUAGES[number] != "en":
            losses = [
                -(each[mine] * y[mine] * (logs[mine] / t).log_softmax(1)).sum().item() for t in candidates
            ]
            found[number] = candidates[int(np.argmin(losses))]
    return Head(head.table, head.valence, head.sums, found)
