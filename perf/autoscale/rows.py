"""A policy's day as a row of the result, and which policy to take."""

from collections.abc import Sequence
from typing import TypedDict

from perf.autoscale.comparison import COST_NOISE, frontier
from perf.autoscale.ledger import Books, Ledger
from perf.autoscale.policy import Policy

ORDINARY_BAD = 0.001
"""Budgets: of the room-time of an ordinary day, late, waiting or moving;"""
ORDINARY_REFUSED = 0.01
"""of its rooms, refused at their first tries;"""
BURST_BAD = 0.005
"""and of the room-time in the hour after a star goes live."""


class Part(TypedDict):
    """A ledger: counts of rooms, hours of rooms and replicas, and shares of what was wanted."""

    starts: int
    refused: int
    gave_up: int
    moved: int
    dropped: int
    room_hours: float
    late_hours: float
    waiting_hours: float
    moving_hours: float
    replica_hours: float
    refused_share: float
    bad_share: float


class Row(TypedDict):
    """A policy. replica_hours: for 1,000 room-hours; cost: of these, None without a price.

    frontier: no other policy is both cheaper and better. within: it keeps the budgets.
    """

    policy: str
    metrics: list[str]
    shipped: bool
    replica_hours: float
    cost: float | None
    bad_share: float
    peak_replicas: int
    ordinary: Part
    burst: Part
    frontier: bool
    within: bool


def rows(days: Sequence[tuple[Policy, Books]], price: float | None) -> list[Row]:
    """A row for each policy's day. price: of a replica-hour."""
    points = [(books.day.per_1000_room_hours(1.0), books.day.bad_share) for _, books in days]
    return [
        Row(
            policy=policy.name,
            metrics=[f"{each.signal} {each.type} {each.target:.4g}" for each in policy.metrics],
            shipped=policy.name.startswith("shipped"),
            replica_hours=round(hours, 2),
            cost=None if price is None else round(hours * price, 4),
            bad_share=bad,
            peak_replicas=books.peak,
            ordinary=_part(books.rest),
            burst=_part(books.bursting),
            frontier=best,
            within=within(books),
        )
        for (policy, books), (hours, bad), best in zip(days, points, frontier(points), strict=True)
    ]


def within(books: Books) -> bool:
    """Whether a day kept the budgets."""
    rest, burst = books.rest, books.bursting
    refused = rest.refused / max(rest.starts, 1)
    return rest.bad_share <= ORDINARY_BAD and refused <= ORDINARY_REFUSED and burst.bad_share <= BURST_BAD


def cheapest(found: Sequence[Row]) -> Row | None:
    """The row to take: of those that keep the budgets the cheapest; None where none does.

    Where costs differ by no more than seeds make them, what is shipped, or else the best of these.
    """
    kept = [row for row in found if row["within"]]
    least = min((row["replica_hours"] for row in kept), default=0.0)
    equal = [row for row in kept if row["replica_hours"] <= least * (1 + COST_NOISE)]
    return min(equal, key=lambda row: (not row["shipped"], row["bad_share"]), default=None)


def _part(ledger: Ledger) -> Part:
    return Part(
        starts=ledger.starts,
        refused=ledger.refused,
        gave_up=ledger.gave_up,
        moved=ledger.moved,
        dropped=ledger.dropped,
        room_hours=round(ledger.room_s / 3600, 2),
        late_hours=round(ledger.late_s / 3600, 3),
        waiting_hours=round(ledger.waiting_s / 3600, 3),
        moving_hours=round(ledger.gap_s / 3600, 3),
        replica_hours=round(ledger.replica_s / 3600, 2),
        refused_share=round(ledger.refused / max(ledger.starts, 1), 6),
        bad_share=round(ledger.bad_share, 8),
    )
