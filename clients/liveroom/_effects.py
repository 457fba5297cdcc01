"""What `studio` shall do to a frame, checked when it is said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from ._errors import InvalidInput

Format = Literal["same", "jpeg", "png", "webp", "ppm"]

_STRENGTHS = ("blur", "replace", "smooth", "brighten", "sticker_strength", "anonymize")


@dataclass(frozen=True, slots=True)
class Effects:
    """How strongly to do what, each from 0 (not at all) to 1; with nothing to do a picture stays as it is.

    Attributes:
        blur: the background, out of focus.
        replace: the background, by another picture.
        smooth: skin, keeping edges, eyes and hair.
        brighten: skin.
        sticker: name of a sticker that sits on every face; the server says which there are.
        sticker_strength: how opaque it is.
        anonymize: faces of everyone who is not enrolled, at 1 unrecognizable, and below it
            perhaps not.
        threshold: distance of unit embeddings below which a face counts as enrolled; by default the server's,
            which is stricter than a gallery's, as a face shown by mistake is worse than one that is hidden.
        format: of the picture that comes back; "ppm" is raw RGB.
        quality: 1 to 100, of JPEG and WebP.

    Raises:
        InvalidInput: a value is out of its range.
    """

    blur: float = 0.0
    replace: float = 0.0
    smooth: float = 0.0
    brighten: float = 0.0
    sticker: str | None = None
    sticker_strength: float = 1.0
    anonymize: float = 0.0
    threshold: float | None = None
    format: Format = "same"
    quality: int = 90

    def __post_init__(self) -> None:
        for name in _STRENGTHS:
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= 1:
                raise InvalidInput(f"Effects.{name} is {value!r}: expected a strength from 0 to 1")
        if self.threshold is not None and not (_is_number(self.threshold) and 0 < self.threshold <= 2):
            raise InvalidInput(
                f"Effects.threshold is {self.threshold!r}: expected a distance above 0 and up to 2"
            )
        if self.format not in get_args(Format):
            raise InvalidInput(
                f"Effects.format is {self.format!r}: expected one of {', '.join(get_args(Format))}"
            )
        if not isinstance(self.quality, int) or not 1 <= self.quality <= 100:
            raise InvalidInput(f"Effects.quality is {self.quality!r}: expected a whole number from 1 to 100")

    def settings(self) -> str:
        """The JSON that `studio` takes."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
