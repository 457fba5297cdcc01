"""What the metrics say of the frames of `vision`: how late they are answered, and which were not."""

from __future__ import annotations

import time
from collections.abc import Mapping

from serving_common.metrics import Classes, Counters, Histogram, Teller

MODEL = "vision"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
"""Seconds; the service level is about 0.5 s."""
LONGEST = 60.0
"""Seconds that a gateway waits for an answer. Who asks `faces` itself may send any `began`."""
INVALID, BUSY, FAILED, CANCELLED = "invalid", "busy", "failed", "cancelled"
"""Why a frame has no answer: it was wrong, too many were under way, a network failed, its client has gone."""


class Meters:
    """Of all frames. Raises ValueError for classes of tenants that are no names."""

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.classes = Classes(parameters)
        each = [(MODEL, tenants) for tenants in self.classes.names]
        self._delay = Histogram(
            "liveroom_frame_delay_seconds",
            "From when a frame began to be decoded until it was answered",
            ("model", "tenant_class"),
            each,
            BOUNDS,
        )
        self._dropped = Counters(
            "liveroom_frames_dropped_total",
            "Frames that have no answer",
            ("model", "tenant_class", "reason"),
            [(*one, reason) for one in each for reason in (INVALID, BUSY, FAILED, CANCELLED)],
        )
        self._teller = Teller((*self._delay.parts, self._dropped))

    def answered(self, tenants: str, began: int) -> None:
        """A frame that began to be decoded at `began` (monotonic nanoseconds) was answered just now."""
        seconds = (time.monotonic_ns() - began) / 1e9
        if seconds <= LONGEST:
            self._delay.observe(seconds, MODEL, tenants)

    def dropped(self, tenants: str, reason: str) -> None:
        """A frame has no answer."""
        self._dropped.add(MODEL, tenants, reason)

    def close(self) -> None:
        """Tell what has not been told yet."""
        self._teller.close()
