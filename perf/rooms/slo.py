"""The service level: what a number of rooms has to keep in order to count as carried."""

from dataclasses import dataclass

LATENESS_P99_S = 0.05
"""A load generator that is later than this measures itself: no result is claimed then."""
WORDS = 0.9
"""Share of the words that rooms have alone which all of them together must have."""
PARTIALS = 0.8
"""Share of the first step's partials per second of speech that more rooms must have: where the server makes
fewer, it is not enough that those come in time."""


@dataclass(frozen=True)
class Slo:
    """Limits in seconds, to be kept strictly. No caption may be lost, whatever the limits.

    Of frames the share `frames_dropped` may be; 1 where dropping is no fault, as rooms send no more than they
    have room for.
    """

    partial_p95_s: float = 1.0
    final_p99_s: float = 2.0
    frame_p95_s: float = 0.5
    frames_dropped: float = 1.0

    @property
    def limits_s(self) -> dict[str, float]:
        """By kind of event, the latency from which one is late."""
        return {"partial": self.partial_p95_s, "final": self.final_p99_s, "faces": self.frame_p95_s}
