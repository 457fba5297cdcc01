"""Found faces against labeled ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exporters.onnx_tools import Floats

OVERLAP = 0.3
"""Intersection over union from which a found box is that of a labeled face: some draw faces from the
forehead to the chin, others square from the brows down, and all of them mean the same face."""


@dataclass(frozen=True)
class Score:
    """How many faces were found, missed, and reported where there is none; ious: of those found."""

    found: int
    missed: int
    false: int
    ious: tuple[float, ...] = ()

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there was no face and none was reported."""
        boxes = 2 * self.found + self.missed + self.false  # reported and labeled
        return round(2 * self.found / boxes, 4) if boxes else None

    @property
    def iou(self) -> float | None:
        """Mean of `ious`."""
        return round(sum(self.ious) / len(self.ious), 4) if self.ious else None


def overlaps(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of each box [N,4] with each other [M,4]: [N,M]."""
    one, other = boxes[:, None], others[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common = np.clip(sides, 0, None).prod(axis=-1)
    areas = (one[..., 2:] - one[..., :2]).prod(axis=-1) + (other[..., 2:] - other[..., :2]).prod(axis=-1)
    return np.asarray(common / np.maximum(areas - common, 1e-9), np.float32)


def pairs(found: Floats, labels: Floats, least: float = OVERLAP) -> list[tuple[int, int, float]]:
    """(index in found, index in labels, IoU): the closest first, each box in one pair at the most."""
    table = overlaps(found, labels)
    matched = []
    while table.size and table.max() >= least:
        one, other = np.unravel_index(int(table.argmax()), table.shape)
        matched.append((int(one), int(other), float(table[one, other])))
        table[one, :] = -1
        table[:, other] = -1
    return matched


def score(found: Iterable[Floats], labels: Iterable[Floats]) -> Score:
    """Over several pictures: boxes [N,4] found in each, and those that are right."""
    matches, counts, expected = [], 0, 0
    for boxes, right in zip(found, labels, strict=True):
        matches += pairs(boxes, right)
        counts += len(boxes)
        expected += len(right)
    hits = len(matches)
    return Score(hits, expected - hits, counts - hits, tuple(iou for *_, iou in matches))


def recall_by_height(
    found: Sequence[Floats], labels: Sequence[Floats], edges: Sequence[float]
) -> list[tuple[int, int]]:
    """(found, all) of the faces whose height in pixels lies from each of `edges` to below the next."""
    counts = [(0, 0)] * (len(edges) - 1)
    for boxes, right in zip(found, labels, strict=True):
        hit = {label for _, label, _ in pairs(boxes, right)}
        for at, height in enumerate(right[:, 3] - right[:, 1]):
            step = int(np.searchsorted(edges, height, side="right")) - 1
            if 0 <= step < len(counts):
                counts[step] = counts[step][0] + (at in hit), counts[step][1] + 1
    return counts
