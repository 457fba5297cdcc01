"""When rooms open and how long they stay: a day in two time zones, and a star who goes live."""

import math
from dataclasses import dataclass
from functools import cached_property

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Zone:
    """A time zone: its share of the rooms, and the hour of the simulated day at which it has most of them."""

    share: float
    peak_h: float


@dataclass(frozen=True)
class Stay:
    """Rooms that stay alike: their share, and the mean of an exponential distribution."""

    share: float
    mean_s: float


@dataclass(frozen=True)
class Burst:
    """A star goes live: the rooms of a tenant with `share` of all become `factor` times as many.

    They open evenly within `within_s` from `at_s` on, and stay like others.
    """

    at_s: float
    factor: float = 50.0
    share: float = 0.01
    within_s: float = 120.0


@dataclass(frozen=True)
class Traffic:
    """How many rooms there are over a day.

    Attributes:
        rooms: about so many at the peak of the day, the burst aside.
        trough: of a zone, against its peak.
        stays: two kinds, short and long, because durations of live streams have a long tail; a mixture of
            exponentials keeps it simple to count who leaves.
    """

    rooms: float
    zones: tuple[Zone, ...] = (Zone(0.6, 20.0), Zone(0.4, 12.0))
    trough: float = 0.2
    stays: tuple[Stay, ...] = (Stay(0.6, 15 * 60.0), Stay(0.4, 90 * 60.0))
    burst: Burst | None = None

    @property
    def mean_stay_s(self) -> float:
        """Of all rooms that open."""
        return sum(stay.share * stay.mean_s for stay in self.stays)

    def shape(self, at_s: float) -> float:
        """Rooms at `at_s` (0 is midnight), of the most in a day."""
        return self._waves(at_s) / self._highest

    def rate(self, at_s: float) -> float:
        """Rooms that open per second. Little's law: the rooms wanted over the mean stay."""
        regular = self.rooms * self.shape(at_s) / self.mean_stay_s
        burst = self.burst
        if burst is None or not burst.at_s <= at_s < burst.at_s + burst.within_s:
            return regular
        more = self.rooms * self.shape(burst.at_s) * burst.share * (burst.factor - 1)
        return regular + more / burst.within_s

    @cached_property
    def _highest(self) -> float:
        return max(self._waves(hour * HOUR_S) for hour in range(24))

    def _waves(self, at_s: float) -> float:
        return sum(
            zone.share
            * (
                self.trough
                + (1 - self.trough) * (1 + math.cos(2 * math.pi * (at_s / HOUR_S - zone.peak_h) / 24)) / 2
            )
            for zone in self.zones
        )
