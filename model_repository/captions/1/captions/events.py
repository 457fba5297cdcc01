"""What a room tells its client, and the way it is told."""

from dataclasses import dataclass
from typing import Protocol

from serving_common.error_codes import Code


@dataclass(frozen=True)
class Caption:
    """An event: `text` begins with `stable`; times in seconds on the room's clock.

    `kind`: "partial", "final", or "progress", which has no text: all captions before `pts_end` are told.
    """

    kind: str
    text: str
    stable: str
    pts_start: float
    pts_end: float
    language: str


@dataclass(frozen=True)
class Outcome:
    """What became of a request, or of a room, where that is nothing good.

    `span`: seconds on the room's clock of the speech that it is about, if any.
    """

    code: Code
    message: str
    span: tuple[float, float] | None = None


class Sender(Protocol):
    """The way back to the client of one request."""

    def caption(self, caption: Caption, index: int) -> None:
        """Send an event, the room's `index`-th."""

    def error(self, error: Outcome) -> None:
        """Send an event of kind "error" without ending the request."""

    def refuse(self, error: Outcome) -> None:
        """End the request with an event of kind "error"."""

    def done(self) -> None:
        """End the request: its chunk is acknowledged."""

    def cancelled(self) -> bool:
        """Whether the client has gone."""
