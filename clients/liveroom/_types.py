"""What comes back from the server, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal["partial", "final"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Caption:
    """What is being said in a room, or was.

    Attributes:
        kind: "partial" while the segment is open and the rest of it may change, "final" once and for all.
        text: the whole segment so far; `stable + unstable`.
        stable: the part of `text` that will not change any more; all of it when final.
        pts_start: seconds on the room's clock at which the segment begins.
        pts_end: seconds on the room's clock up to which it has been heard.
        language: Whisper's code, such as "en" or "zh".
        emitted_at: when this client received it, seconds since 1970 (`time.time()`).
    """

    kind: Kind
    text: str
    stable: str
    pts_start: float
    pts_end: float
    language: str
    emitted_at: float

    @property
    def unstable(self) -> str:
        """The part of `text` that may still change; empty when final."""
        return self.text.removeprefix(self.stable) if self.kind == "partial" else ""

    @property
    def is_final(self) -> bool:
        """Whether this segment is closed."""
        return self.kind == "final"


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of a finite piece of audio.

    Attributes:
        text: what was said; empty where nobody spoke.
        language: Whisper's code; for long audio the one most seconds were spoken in.
        duration: seconds of audio.
        captions: for audio longer than 30 s its final captions with their times; otherwise empty.
        avg_logprob: mean log probability of the tokens; None for long audio.
        no_speech_prob: probability that nobody spoke; None for long audio.
    """

    text: str
    language: str
    duration: float
    captions: tuple[Caption, ...] = field(default=(), repr=False)
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the server's repository index.

    Attributes:
        name: the folder in the model repository.
        version: "1", or "" when nothing of it is loaded.
        state: Triton's word: "READY", "UNAVAILABLE", "LOADING", "UNLOADING", or "" when never loaded.
        reason: why it is not ready, in Triton's words.
    """

    name: str
    version: str
    state: str
    reason: str

    @property
    def ready(self) -> bool:
        """Whether Triton says so; a model whose Python process died still says so, `health()` finds out."""
        return self.state == "READY"


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """How one model answered a real inference; `error` is None if it did."""

    name: str
    seconds: float
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it answered."""
        return self.error is None


@dataclass(frozen=True, slots=True)
class Health:
    """How the server at `url` answered real inferences, one per model this client calls."""

    url: str
    models: tuple[ModelHealth, ...]

    @property
    def ok(self) -> bool:
        """Whether at least one model is served and every one answered."""
        return bool(self.models) and all(model.ok for model in self.models)
