"""What viewers did, on its way to all servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from ._json_parts import parts
from ._signature import Encoded

if TYPE_CHECKING:
    from ._transport import Transport

MODEL = "outcomes"
OutcomeKind = Literal["enter", "leave", "click", "gift", "order", "follow", "ad_view", "ad_click"]


async def report(
    transport: Transport, outcomes: Iterable[Mapping[str, object]], seconds: float
) -> list[bool]:
    """Of each outcome, whether it is new; they go request by request."""
    counted: list[bool] = []
    for part in parts(outcomes, "outcome"):
        inputs = {"outcomes": Encoded.of_texts(part, 1, len(part))}
        answer = await transport.infer(MODEL, inputs, seconds)
        counted += [bool(new) for new in answer.arrays()["counted"].reshape(-1)]
    return counted
