"""Detoxify as a neighbor: the network of its model "original", BERT base with six outputs, in this process.

Its weights lie where no package has them: they are random here, so that this says how fast it is, and not
how good. It is built of torch's own layers.
"""

import time
from collections.abc import Sequence

import torch
from torch import nn

BATCH = 32
_LAYERS, _WIDTH, _HEADS, _INNER, _VOCABULARY, _LONGEST, _LABELS = 12, 768, 12, 3072, 30_522, 512, 6
"""Devlin et al. 2019, arXiv:1810.04805, section 3."""


class Network(nn.Module):
    """Tokens [texts,length], 0 after a text's last, to probabilities [texts,6]."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(_VOCABULARY, _WIDTH)
        self.places = nn.Embedding(_LONGEST, _WIDTH)
        layer = nn.TransformerEncoderLayer(_WIDTH, _HEADS, _INNER, activation="gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)  # half as fast
        self.pooler = nn.Linear(_WIDTH, _WIDTH)
        self.labels = nn.Linear(_WIDTH, _LABELS)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """What BertForSequenceClassification does, and a sigmoid."""
        given = self.words(tokens) + self.places(torch.arange(tokens.shape[1]))
        states = self.layers(given, src_key_padding_mask=tokens == 0)
        found: torch.Tensor = self.labels(self.pooler(states[:, 0]).tanh()).sigmoid()
        return found


def lines_per_second(lines: Sequence[str], seconds: float, threads: int) -> float:
    """How many it does in about so many seconds, in batches of :data:`BATCH`, the tokenizer left out.

    Batches are padded to their longest text, as Detoxify's `predict` does with what it is given.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = Network().eval()
    try:
        with torch.inference_mode():
            network(_batch(lines[:BATCH]))
            began, done = time.perf_counter(), 0
            while time.perf_counter() - began < seconds:
                start = done % max(len(lines) - BATCH, 1)
                network(_batch(lines[start : start + BATCH]))
                done += len(lines[start : start + BATCH])
            return done / (time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)


def tokens(line: str) -> int:
    """About how many BERT's tokenizer makes of a line: one of a character that is no ASCII, one of 4 others.

    And two around them; of 512 and more 512.
    """
    wide = sum(not character.isascii() for character in line)
    return min(2 + wide + -(-(len(line) - wide) // 4), _LONGEST)


def _batch(lines: Sequence[str]) -> torch.Tensor:
    lengths = torch.tensor([tokens(line) for line in lines])
    there = torch.arange(int(lengths.max()))[None] < lengths[:, None]
    return torch.randint(1000, _VOCABULARY, there.shape) * there
