"""Fit the head: sums of embeddings by channel, a few passes over lines and their evasions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, embedding_bag

from exporters.moderation.categories import LEARNED
from exporters.moderation.network import CHANNELS, DIMENSIONS, Judge
from moderation_features.features import Features
from moderation_features.ngrams import STARTS

Floats = npt.NDArray[np.float32]
Longs = npt.NDArray[np.int64]
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

_READ_AT_ONCE = 512
_LINES_AT_ONCE = 16_384
_ORIGINS_AT_ONCE = 4096
_BOUNDS = np.array(STARTS[1:], np.int32)
_CATEGORY_WEIGHTS = torch.tensor([1.0, *([0.3] * (len(LEARNED) - 1))])


class Bags:
    """Buckets of lines, sorted by line and channel, so that any of them make a batch."""

    def __init__(
        self, features: Features, texts: list[str], step: Callable[[int], None] = lambda _: None
    ) -> None:
        """Read all of `texts`, alike long ones together; `step` is told how many have been read."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        rows: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)] * len(texts)
        for begin in range(0, len(order), _READ_AT_ONCE):
            some = order[begin : begin + _READ_AT_ONCE]
            for index, found in zip(some, features([texts[index] for index in some])[:, 0], strict=True):
                rows[index] = np.sort(found[found > 0])  # by channel: each has buckets of its own
            step(begin + len(some))
        self.lengths = np.array([len(row) for row in rows], np.int64)
        self._ids = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        self.buckets = STARTS[-1]
        self._arrange()

    def _arrange(self) -> None:
        self._begins = np.cumsum(self.lengths) - self.lengths
        self._bags = np.empty((len(self.lengths), CHANNELS), np.int32)
        for lines, ids in self._some():
            channel = np.searchsorted(_BOUNDS, ids, side="right")
            bag = np.repeat(np.arange(len(self.lengths[lines])), self.lengths[lines]) * CHANNELS + channel
            self._bags[lines] = np.bincount(bag, minlength=self._bags[lines].size).reshape(-1, CHANNELS)

    def _some(self) -> Iterator[tuple[slice, npt.NDArray[np.int32]]]:
        """The buckets of some thousand lines at a time: all at once take gigabytes."""
        for begin in range(0, len(self.lengths), _LINES_AT_ONCE):
            lines = slice(begin, min(begin + _LINES_AT_ONCE, len(self.lengths)))
            last = lines.stop - 1
            yield lines, self._ids[self._begins[begin] : self._begins[last] + self.lengths[last]]

    def renumber(self, rows: npt.NDArray[np.int32]) -> None:
        """Let each bucket be the row of the table that `rows` [buckets] says."""
        for _, ids in self._some():
            ids[:] = rows[ids]
        self.buckets = int(rows.max()) + 1

    def telling(self, origin: Longs, surprise: Floats) -> npt.NDArray[np.float64]:
        """How much each bucket tells [categories,buckets]: a squared z-score of its surprise.

        Args:
            origin: of each line, ascending, what it is a variant of: a bucket counts once in each origin.
            surprise: [categories,origins], the label less what is expected of its language.
        """
        total, squares = (np.full((len(surprise), self.buckets), start) for start in (0.0, 1.0))
        edges = np.searchsorted(
            origin, np.arange(0, int(origin[-1]) + _ORIGINS_AT_ONCE + 1, _ORIGINS_AT_ONCE)
        )
        for begin, end in pairwise(edges.tolist()):
            if begin == end:
                continue
            first, last = self._begins[begin], self._begins[end - 1] + self.lengths[end - 1]
            of = np.repeat(origin[begin:end], self.lengths[begin:end])
            once = np.unique(of.astype(np.int64) << 24 | self._ids[first:last])
            bucket, of = once & 0xFFFFFF, once >> 24
            for row, values in enumerate(surprise):
                value = values[of]
                told = value != 0
                if told.any():
                    total[row] += np.bincount(bucket[told], value[told], minlength=self.buckets)
                    squares[row] += np.bincount(bucket[told], value[told] ** 2, minlength=self.buckets)
        found: npt.NDArray[np.float64] = total**2 / squares
        return found

    def batch(self, lines: Longs, drop: float = 0.0, random: np.random.Generator | None = None) -> Batch:
        """Buckets, where each bag of them begins, and how many it has [lines,6]; a share of them left out."""
        lengths = self.lengths[lines]
        total = int(lengths.sum())
        ids = self._ids[
            np.repeat(self._begins[lines] - (np.cumsum(lengths) - lengths), lengths) + np.arange(total)
        ]
        bags = self._bags[lines]
        if drop and random is not None:
            kept = random.random(total, np.float32) >= drop
            bags = np.bincount(
                np.repeat(np.arange(bags.size), bags.ravel())[kept], minlength=bags.size
            ).reshape(bags.shape)
            ids = ids[kept]
        begins = np.cumsum(bags.ravel()) - bags.ravel()
        return (
            torch.from_numpy(ids.astype(np.int64)),
            torch.from_numpy(begins),
            torch.from_numpy(bags.astype(np.float32)),
        )


class _Sums(torch.autograd.Function):
    """Sums of rows of a table by bag; adding its gradient up takes half as long as torch's own here."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        table: torch.Tensor,
        ids: torch.Tensor,
        begins: torch.Tensor,
        counts: torch.Tensor,
    ) -> torch.Tensor:
        """Rows `ids` of `table` [buckets,4], `counts` of them from each of `begins` on -> [bags,4]."""
        ctx.save_for_backward(ids, counts)
        ctx.rows = len(table)  # type: ignore[attr-defined]
        return embedding_bag(ids, table, begins, mode="sum")

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *gradients: torch.Tensor
    ) -> tuple[torch.Tensor, None, None, None]:
        """The gradient of the table."""
        ids, counts = ctx.saved_tensors  # type: ignore[attr-defined]
        (gradient,) = gradients
        spread = torch.repeat_interleave(gradient, counts.reshape(-1).long(), dim=0)
        found = torch.zeros(ctx.rows, gradient.shape[1])  # type: ignore[attr-defined]
        return found.index_add_(0, ids, spread), None, None, None


@dataclass(frozen=True)
class Settings:
    """How to fit."""

    passes: int = 2
    batch: int = 1024
    rate: float = 6e-3
    drop: float = 0.5
    """Share of buckets that a line does without."""
    drop_channel: float = 0.1
    judge_passes: int = 3
    """Of the network alone, at the end."""
    seed: int = 0


def logits(table: torch.Tensor, judge: Judge, batch: Batch, keep: torch.Tensor | None = None) -> torch.Tensor:
    """Logits [lines,categories]; `keep` [lines,6] says which channels count."""
    ids, begins, counts = batch
    sums = _Sums.apply(table, ids, begins, counts).view(-1, CHANNELS, DIMENSIONS)  # type: ignore[no-untyped-call]
    if keep is not None:
        sums, counts = sums * keep.unsqueeze(-1), counts * keep
    found: torch.Tensor = judge(sums, counts)
    return found


def predict(table: torch.Tensor, judge: Judge, bags: Bags) -> Floats:
    """Logits [lines,categories] of all lines."""
    with torch.no_grad():
        parts = [
            logits(table, judge, bags.batch(np.arange(begin, min(begin + 2048, len(bags.lengths)))))
            for begin in range(0, len(bags.lengths), 2048)
        ]
    return torch.cat(parts).numpy()


def fit(
    bags: Bags, labels: Floats, weights: Floats, settings: Settings, told: Callable[[int, float], None]
) -> tuple[torch.Tensor, Judge]:
    """The table [buckets,4] and the network, from labels [lines,categories], NaN if unknown, and weights.

    `told` hears of every pass and its loss.
    """
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    table = torch.nn.Parameter(torch.randn(bags.buckets, DIMENSIONS) * 0.02)
    judge = Judge()
    optimizer = torch.optim.Adam(
        [
            {"params": [table], "lr": settings.rate},
            {"params": judge.parameters(), "lr": 1e-3, "weight_decay": 1e-4},
        ]
    )
    steps = settings.passes * -(-len(labels) // settings.batch)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [settings.rate, 3e-3], total_steps=steps, pct_start=0.1
    )
    known = torch.from_numpy((~np.isnan(labels)).astype(np.float32)) * _CATEGORY_WEIGHTS
    target, weight = torch.from_numpy(np.nan_to_num(labels)), torch.from_numpy(weights)
    for number in range(settings.passes):
        order = random.permutation(len(labels))
        total = 0.0
        for begin in range(0, len(order), settings.batch):
            lines = order[begin : begin + settings.batch]
            keep = (torch.rand(len(lines), CHANNELS) >= settings.drop_channel).float()
            found = logits(table, judge, bags.batch(lines, settings.drop, random), keep)
            loss = binary_cross_entropy_with_logits(found, target[lines], reduction="none") * known[lines]
            mean = (loss.sum(1) * weight[lines]).sum() / weight[lines].sum()
            optimizer.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            optimizer.step()
            pace.step()
            total += float(mean.detach()) * len(lines)
        told(number + 1, total / len(labels))
    return table.detach(), judge.eval()


def quantized(table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The table in int8, and what one step is worth in each dimension; the rarest extremes are cut."""
    scale = torch.quantile(table.abs(), 0.9995, dim=0) / 127
    whole = torch.clamp(torch.round(table / scale), -127, 127).to(torch.int8)
    return whole, scale


def pooled(table: torch.Tensor, bags: Bags) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network sees of all lines: sums [lines,6,4] and counts [lines,6]."""
    sums, counts = [], []
    for begin in range(0, len(bags.lengths), 2048):
        ids, begins, each = bags.batch(np.arange(begin, min(begin + 2048, len(bags.lengths))))
        sums.append(embedding_bag(ids, table, begins, mode="sum").view(-1, CHANNELS, DIMENSIONS))
        counts.append(each)
    return torch.cat(sums), torch.cat(counts)


def fit_judge(
    sums: torch.Tensor, counts: torch.Tensor, labels: Floats, weights: Floats, settings: Settings
) -> Judge:
    """The network alone, on the sums of a table that stays: see :func:`pooled`."""
    torch.manual_seed(settings.seed)
    judge = Judge()
    optimizer = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=1e-3)
    steps = settings.judge_passes * -(-len(labels) // 4096)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.1)
    known = torch.from_numpy((~np.isnan(labels)).astype(np.float32)) * _CATEGORY_WEIGHTS
    target, weight = torch.from_numpy(np.nan_to_num(labels)), torch.from_numpy(weights)
    for _ in range(settings.judge_passes):
        order = torch.randperm(len(labels))
        for begin in range(0, len(labels), 4096):
            lines = order[begin : begin + 4096]
            found = judge(sums[lines], counts[lines])
            loss = binary_cross_entropy_with_logits(found, target[lines], reduction="none") * known[lines]
            mean = (loss.sum(1) * weight[lines]).sum() / weight[lines].sum()
            optimizer.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]  # torch declares no types for it
            optimizer.step()
            pace.step()
    return judge.eval()
