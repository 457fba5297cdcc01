"""The classifier as a network: places in the table, added up line by line."""

import torch
from torch import nn

from exporters.sentiment.training import SUMS, Head, summed
from sentiment_features.features import HASHED, LANGUAGES


class Classifier(nn.Module):
    """Features int32 [B,M], below 0 after a line's last, to probabilities [B,3]."""

    table: torch.Tensor
    prior: torch.Tensor
    sums: torch.Tensor
    temperature: torch.Tensor

    def __init__(self, head: Head) -> None:
        super().__init__()
        first = torch.arange(len(head.table)) < len(LANGUAGES) + HASHED
        columns = (
            head.table,
            first.float()[:, None],
            head.valence.clamp(min=0)[:, None],
            -head.valence.clamp(max=0)[:, None],
        )
        table = torch.cat(columns, 1)
        table[: len(LANGUAGES), :3] = 0
        self.register_buffer("table", table)
        self.register_buffer("prior", head.table[: len(LANGUAGES)].clone())
        self.register_buffer("sums", head.sums.reshape(len(LANGUAGES), SUMS, 3))
        self.register_buffer("temperature", head.temperature)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Look up, add up by line, add what the lexicon says."""
        lines, columns = (features >= 0).nonzero(as_tuple=True)
        rows = self.table[features[lines, columns].long()]
        found = torch.zeros(features.shape[0], rows.shape[1]).index_put((lines,), rows, accumulate=True)
        language = features[:, 0].long().clamp(0, len(LANGUAGES) - 1)
        grams = found[:, :3] / found[:, 3:4].clamp(min=1).sqrt()
        valences = summed(found[:, 4], found[:, 5])
        logits = grams + self.prior[language] + (valences[:, None] @ self.sums[language])[:, 0]
        return (logits / self.temperature[language][:, None]).softmax(1)
