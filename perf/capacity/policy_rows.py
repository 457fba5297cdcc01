"""A policy's day as a row of the result, and which policy to take."""

from collections.abc import Sequence
from dataclasses import asdict

from perf.capacity.ledger import Books, Ledger
from perf.capacity.policies import Policy
from perf.report import Row

ORDINARY_BAD = 0.001
"""Budgets: of the room-time of an ordinary day, late, waiting or moving;"""
ORDINARY_REFUSED = 0.01
"""of its rooms, refused at their first tries;"""
BURST_BAD = 0.005
"""and of the room-time in the hour after a star goes live."""
COST_NOISE, BAD_NOISE = 0.02, 0.2
"""What seeds change, as shares: differences of costs, and of bad room-time, that mean nothing."""


def rows(days: Sequence[tuple[Policy, Books]], price: float | None) -> list[Row]:
    """A row for each policy's day.

    Its `replica_hours` are for 1,000 room-hours, its `cost` is of these where a replica-hour has a price.
    `frontier`: no other policy is both cheaper and better; `within`: it keeps the budgets; `ordinary` and
    `burst`: see `Ledger`, in hours, of the day without the burst's hour, and of that.
    """
    points = [(books.day.per_1000_room_hours(1.0), books.day.bad_share) for _, books in days]
    return [
        {
            "policy": policy.name,
            "metrics": [f"{metric.signal} {metric.type} {metric.target:.4g}" for metric in policy.metrics],
            "shipped": policy.name.startswith("shipped"),
            "replica_hours": round(hours, 2),
            "cost": None if price is None else round(hours * price, 4),
            "bad_share": bad,
            "peak_replicas": books.peak,
            "ordinary": _part(books.rest),
            "burst": _part(books.bursting),
            "frontier": best,
            "within": within(books),
        }
        for (policy, books), (hours, bad), best in zip(days, points, frontier(points), strict=True)
    ]


def frontier(results: Sequence[tuple[float, float]]) -> list[bool]:
    """Of (cost, bad) each: whether no other is better, by more than other seeds would make it, in both."""
    return [
        not any(
            cost * (1 + COST_NOISE) < mine[0] and bad * (1 + BAD_NOISE) < mine[1] for cost, bad in results
        )
        for mine in results
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


def _part(ledger: Ledger) -> dict[str, float]:
    """Counts of rooms, hours of rooms and replicas, and shares of what was wanted."""
    hours = {
        f"{name.removesuffix('_s')}_hours": round(value / 3600, 3)
        for name, value in asdict(ledger).items()
        if name.endswith("_s")
    }
    counts = {name: value for name, value in asdict(ledger).items() if not name.endswith("_s")}
    refused = round(ledger.refused / max(ledger.starts, 1), 6)
    return counts | hours | {"refused_share": refused, "bad_share": round(ledger.bad_share, 8)}
