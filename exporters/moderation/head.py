"""The trained head: its file, and the module that is served."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file

from exporters.errors import ExportError
from exporters.moderation.network import CHANNELS, DIMENSIONS, Judge
from moderation_features.ngrams import CHANNEL_BITS, STARTS

FILE = Path(__file__).with_name("head.safetensors")
RECORD = Path(__file__).with_name("head.json")
"""What it was trained on, and how well it does."""
LARGEST = 1_000_000
"""Bytes of a file that may be part of the project."""


_SHARED = 14
"""In each channel the buckets without a row of their own share so many, as a power of two."""


def rows(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """The row of each bucket [buckets]: first those that have one of their own, `known` [buckets]."""
    bucket = np.arange(STARTS[-1])
    channel = np.minimum(np.searchsorted(STARTS[1:], bucket, side="right"), CHANNELS - 1)
    place = np.maximum(bucket - np.array(STARTS)[channel], 0) >> (np.array(CHANNEL_BITS)[channel] - _SHARED)
    found: npt.NDArray[np.int32] = (known.sum() + (channel << _SHARED) + place).astype(np.int32)
    found[known] = np.arange(known.sum())
    return found


@dataclass(frozen=True)
class Head:
    """What training gives.

    table: int8 [rows,4], what the buckets of each row weigh.
    known: bool [buckets], which of them have a row of their own: see :func:`rows`.
    scale: float32 [4], what one step of the table is.
    judge: the network on the sums.
    calibration: float32 [categories,2], by which logits are multiplied, and what is added.
    natural: int32 [n,2], neighbors that people write without meaning the one character they make up.
    """

    table: torch.Tensor
    known: torch.Tensor
    scale: torch.Tensor
    judge: Judge
    calibration: torch.Tensor
    natural: torch.Tensor

    def weights(self) -> torch.Tensor:
        """What each bucket weighs: int8 [buckets,4]; bucket 0 nothing."""
        found = self.table[torch.from_numpy(rows(self.known.numpy())).long()]
        found[0] = 0
        return found

    def save(self, path: Path) -> None:
        """Write it: the table, a bit for each bucket, the network in half the bits."""
        judge = {f"judge.{name}": value.half() for name, value in self.judge.state_dict().items()}
        rest = {
            "table": self.table,
            "known": torch.from_numpy(np.packbits(self.known.numpy())),
            "scale": self.scale,
            "calibration": self.calibration,
            "natural": self.natural,
        }
        save_file({**judge, **{name: value.contiguous() for name, value in rest.items()}}, path)


def read_head(path: Path) -> Head:
    """Read what :meth:`Head.save` wrote.

    Raises:
        ExportError: it is for other buckets than the normalizing stage makes.
    """
    arrays = load_file(path)
    table = arrays["table"]
    packed = arrays.get("known", torch.zeros(0, dtype=torch.uint8)).numpy()
    known = np.unpackbits(packed)[: STARTS[-1]].astype(np.bool_)
    wanted = [int(known.sum()) + (CHANNELS << _SHARED), DIMENSIONS]
    if table.dtype != torch.int8 or len(known) != STARTS[-1] or list(table.shape) != wanted:
        raise ExportError(
            f"{path} has a table of {table.dtype} {list(table.shape)} for {len(known)} buckets, expected "
            f"torch.int8 {wanted} for {STARTS[-1]}: "
            "train it again with python -m exporters.moderation.train"
        )
    judge = Judge()
    judge.load_state_dict(
        {name[6:]: value.float() for name, value in arrays.items() if name.startswith("judge.")}
    )
    return Head(
        table, torch.from_numpy(known), arrays["scale"], judge, arrays["calibration"], arrays["natural"]
    )


class Served(torch.nn.Module):
    """Buckets int32 [B,windows,n] and rules float32 [B,2] -> scores float32 [B,9].

    Sums are of whole numbers, so they are exact in any order: a line's scores do not depend on its batch.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        channel = np.searchsorted(np.array(STARTS[1:]), np.arange(STARTS[-1]), side="right")
        one_hot = np.eye(CHANNELS, dtype=np.int8)[np.minimum(channel, CHANNELS - 1)]
        one_hot[0] = 0
        ones = np.ones((STARTS[-1], 1), np.int8)
        wide = torch.cat((torch.from_numpy(one_hot), head.weights(), torch.from_numpy(ones)), 1)
        self.wide = torch.nn.Parameter(wide, requires_grad=False)
        self.scale = torch.nn.Parameter(head.scale, requires_grad=False)
        self.calibration = torch.nn.Parameter(head.calibration, requires_grad=False)
        self.judge = head.judge

    def forward(self, features: torch.Tensor, rules: torch.Tensor) -> torch.Tensor:
        """The scores of a line are the largest of its windows'."""
        rows = self.wide[features.long()].float()
        sums = rows[..., :CHANNELS].transpose(-1, -2) @ rows[..., CHANNELS:]
        logits = self.judge(sums[..., :-1] * self.scale, sums[..., -1])
        learned = torch.sigmoid(logits * self.calibration[:, 0] + self.calibration[:, 1])
        # Windows that only others of the batch have, and lines that say nothing, are no offense.
        learned = learned * (sums[..., -1].sum(-1, keepdim=True) > 0).float()
        return torch.cat((learned.amax(1), rules), -1)


def reference(
    head: Head, features: npt.NDArray[np.int32], rules: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The scores of lines [B,9] in float64, bucket by bucket, as training sums them."""
    scores = []
    judge = Judge().double()
    judge.load_state_dict({name: value.double() for name, value in head.judge.state_dict().items()})
    table = head.weights().double() * head.scale.double()
    bounds = np.array(STARTS[1:])
    for line, ruled in zip(features, rules, strict=True):
        logits = []
        for window in line:
            if not window.any():
                logits.append(torch.full((len(head.calibration),), -torch.inf, dtype=torch.float64))
                continue
            sums = torch.zeros(1, CHANNELS, DIMENSIONS, dtype=torch.float64)
            counts = torch.zeros(1, CHANNELS, dtype=torch.float64)
            for bucket in window[window > 0].tolist():
                channel = int(np.searchsorted(bounds, bucket, side="right"))
                sums[0, channel] += table[bucket]
                counts[0, channel] += 1
            logits.append(
                judge(sums, counts)[0] * head.calibration[:, 0].double() + head.calibration[:, 1].double()
            )
        learned = torch.sigmoid(torch.stack(logits)).amax(0).detach().numpy()
        scores.append(np.concatenate((learned, ruled)))
    return np.array(scores, np.float32)
