"""When rooms open and how long they stay: a day in two time zones, and a star who goes live."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

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
class Start:
    """A room that wants to open at `at_s`, and will stay for `stay_s`. kind: of `Traffic.stays`."""

    at_s: float
    stay_s: float
    kind: int = 0


@dataclass(frozen=True)
class Traffic:
    """rooms: about so many at the peak of the day, the burst aside. trough: of a zone, against its peak.

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

    def starts(self, since_s: float, until_s: float, rng: np.random.Generator) -> Iterator[Start]:
        """Every room, by time: a Poisson process of `rate`, in steps of a second."""
        shares = [stay.share for stay in self.stays]
        for second in range(math.floor(since_s), math.ceil(until_s)):
            count = int(rng.poisson(self.rate(float(second))))
            for moment in sorted(rng.uniform(0.0, 1.0, count)):
                kind = int(rng.choice(len(shares), p=shares))
                yield Start(second + float(moment), float(rng.exponential(self.stays[kind].mean_s)), kind)

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
