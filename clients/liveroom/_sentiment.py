"""How lines of chat are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._errors import InferenceFailed, about
from ._lines import text_input

if TYPE_CHECKING:
    from ._transport import Transport

MODEL = "sentiment"
MOODS = ("negative", "neutral", "positive")
"""In the order of the model `sentiment`; a test compares."""
LINE_LANGUAGES = ("zh", "en", "und")


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How a line is meant: probabilities, in all 1.

    Attributes:
        negative: of blame, anger, sadness, disappointment.
        neutral: of neither: questions, greetings, facts.
        positive: of praise, joy, thanks, laughter.
        language: "zh" or "en", by what is written; "und" where it is neither, as of emoji alone.
    """

    negative: float
    neutral: float
    positive: float
    language: str

    @property
    def top(self) -> str:
        """The likeliest: "negative", "neutral" or "positive"."""
        return max(MOODS, key=lambda name: float(getattr(self, name)))


async def read_sentiment(transport: Transport, lines: Sequence[bytes], seconds: float) -> Sequence[Sentiment]:
    """What `sentiment` says of checked `lines`, at most `LARGEST_BATCH`.

    Raises:
        LiveroomError: see `Transport.infer`.
    """
    outputs = (await transport.infer(MODEL, {"text": text_input(lines)}, seconds)).arrays()
    probabilities, languages = outputs.get("probabilities"), outputs.get("language")
    if (
        probabilities is None
        or languages is None
        or probabilities.shape != (len(lines), len(MOODS))
        or languages.shape != (len(lines), 1)
        or probabilities.dtype != np.float32
        or languages.dtype != np.object_
    ):
        said = f"{len(lines)} lines: client and server versions differ"
        raise about(InferenceFailed(f"outputs of model {MODEL!r} do not fit {said}"), model=MODEL)
    rows = zip(probabilities.tolist(), languages[:, 0].tolist(), strict=True)
    return [Sentiment(bad, plain, good, name.decode("ascii", "replace")) for (bad, plain, good), name in rows]
