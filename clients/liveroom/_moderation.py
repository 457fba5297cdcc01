"""What a moderator would say of lines of chat, as plain frozen data, and the request that asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ._lines import text_input
from ._outputs import Outputs

if TYPE_CHECKING:
    from ._transport import Transport

CATEGORIES = ("toxicity", "insult", "hate", "sexism", "sexual", "threat", "self_harm", "spam", "contact")
"""In the order of the model `moderation`; a test compares."""
DEFAULT_THRESHOLD = 0.7
"""Where `Moderation.flagged` begins; a test compares it with the exporter's."""


@dataclass(frozen=True, slots=True)
class Moderation:
    """What a moderator would say of one line.

    Attributes:
        scores: from 0 to 1 by category: `toxicity`, the probability that a moderator would call the line
            offensive; of which kind it is: `insult`, `hate`, `sexism`, `sexual`, `threat`, `self_harm`; and
            how sure rules are of `spam` and `contact` (links, numbers and names to be reached by).
    """

    scores: dict[str, float] = field(hash=False)

    @property
    def toxicity(self) -> float:
        """The probability that a moderator would call the line offensive."""
        return self.scores["toxicity"]

    @property
    def flagged(self) -> bool:
        """Whether it is at the default level, as about one in a hundred lines of ordinary chat."""
        return self.toxicity >= DEFAULT_THRESHOLD


async def ask(transport: Transport, lines: Sequence[bytes], seconds: float) -> list[Moderation]:
    """One request: lines in UTF-8, at most `LARGEST_BATCH`, to what is said of each."""
    answer: Outputs = await transport.infer(
        "moderation", {"text": text_input(lines)}, seconds, outputs=("scores",)
    )
    scores = answer.arrays()["scores"].tolist()
    return [Moderation(dict(zip(CATEGORIES, row, strict=True))) for row in scores]
