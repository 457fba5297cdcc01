"""What the metrics say of captions: how late they are, and what was dropped or lost, by class of tenant."""

from __future__ import annotations

from collections.abc import Mapping

from serving_common.metrics import Classes, Counters, Histogram, Teller

MODEL = "captions"
KINDS = ("partial", "final")
BOUNDS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds; the service level is about 1 s for partials and 2 s for finals."""
INVALID, WAITING, FAILED = "invalid", "waiting", "failed"
"""Why a chunk was dropped: it was wrong, too many of its room waited, or a model failed on it."""


class Meters:
    """Of all rooms. Raises ValueError for classes of tenants that are no names."""

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        self.classes = Classes(parameters)
        each = [(MODEL, tenants) for tenants in self.classes.names]
        labels = ("model", "tenant_class")
        self.delay = Histogram(
            "liveroom_caption_delay_seconds",
            "From when the audio of a caption was due until the caption was sent, of rooms that are live",
            ("model", "tenant_class", "kind"),
            [(*one, kind) for one in each for kind in KINDS],
            BOUNDS,
        )
        self.lost = Counters(
            "liveroom_captions_lost_total", "Segments of speech that could not be recognized", labels, each
        )
        self.moved = Counters(
            "liveroom_rooms_moved_total", "Rooms that another server had before", labels, each
        )
        self.dropped = Counters(
            "liveroom_chunks_dropped_total",
            "Chunks of audio that were not heard",
            ("model", "tenant_class", "reason"),
            [(*one, reason) for one in each for reason in (INVALID, WAITING, FAILED)],
        )
        self._teller = Teller((*self.delay.parts, self.lost, self.moved, self.dropped))

    def close(self) -> None:
        """Tell what has not been told yet."""
        self._teller.close()


class Meter:
    """Of the rooms of one class of tenants; without a class (a probe's) it counts nothing."""

    def __init__(self, meters: Meters, tenants: str | None) -> None:
        self._meters = meters
        self._tenants = tenants

    def said(self, kind: str, delay: float | None) -> None:
        """An event was sent, `delay` seconds after its audio was due; None: nobody waited for it."""
        if self._tenants is not None and delay is not None:
            self._meters.delay.observe(delay, MODEL, self._tenants, kind)

    def moved(self) -> None:
        """A room came that another server had before."""
        if self._tenants is not None:
            self._meters.moved.add(MODEL, self._tenants)

    def lost(self) -> None:
        """A segment could not be recognized."""
        if self._tenants is not None:
            self._meters.lost.add(MODEL, self._tenants)

    def dropped(self, reason: str) -> None:
        """A chunk was not heard."""
        if self._tenants is not None:
            self._meters.dropped.add(MODEL, self._tenants, reason)
