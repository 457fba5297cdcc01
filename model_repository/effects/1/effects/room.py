"""What a room keeps from frame to frame."""

from __future__ import annotations

from effects.anonymize import Watch
from effects.background import Picture
from effects.matte import Steadied, to_frame
from effects.raster import Floats, Pixels


class Room:
    """What a room's next frame needs of those before it."""

    def __init__(self) -> None:
        self._mask = Steadied()
        self.watch = Watch()
        self.watched = 0  # frames that were
        self.background: Picture | None = None

    def matte(self, mask: Floats, frame: Pixels) -> Floats:
        """The matte [H, W] of the next frame [H, W, 3], whose mask is [256, 256]."""
        return to_frame(self._mask.next(mask, frame), frame)
