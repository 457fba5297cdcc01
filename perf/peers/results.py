"""What a contest comes to: a row per peer, model and number of callers, and who is ahead beyond the noise."""

import statistics
from collections.abc import Mapping, Sequence

from perf.load.closed_loop import Answers
from perf.peers.measuring import Contest

CLEAR = 0.05
"""Less than this is no difference, however often it is seen."""
Row = Mapping[str, object]


def rows(contest: Contest, concurrency: Sequence[int], version: str, wire: str) -> list[dict[str, object]]:
    """The rows of one peer and model; where it failed numbers are None, and `note` says why."""
    return [_row(contest, callers, version, wire) for callers in concurrency]


def ahead(row: Row) -> str:
    """Which way the peer of a row is ahead of us beyond the noise: "throughput", "p99", or "" for neither.

    That is in every round, and by more than CLEAR in the median; p99 counts where throughput is no worse.
    """
    ratios = _runs(row, "throughput_ratio")
    p99 = [a / b for a, b in zip(_runs(row, "ours_p99_ms"), _runs(row, "peer_p99_ms"), strict=True)]
    if _clearly_above(ratios, below=True):
        return "throughput"
    level = not _clearly_above(ratios, below=False)
    return "p99" if level and _clearly_above(p99, below=False) else ""


def _clearly_above(ratios: Sequence[float], *, below: bool) -> bool:
    """Whether ratios (ours / theirs) are above 1 for certain, or below 1."""
    sides = [1 / ratio if below else ratio for ratio in ratios if ratio]
    return bool(sides) and min(sides) > 1 and statistics.median(sides) > 1 + CLEAR


def _row(contest: Contest, callers: int, version: str, wire: str) -> dict[str, object]:
    pairs = [(ours[callers], theirs[callers]) for ours, theirs in contest.pairs]
    answered = [(ours, theirs) for ours, theirs in pairs if theirs.per_second]
    errors = [theirs for _, theirs in pairs if theirs.errors]
    runs: dict[str, list[float | None]] = {
        "ours_per_s": [ours.per_second for ours, _ in answered],
        "peer_per_s": [theirs.per_second for _, theirs in answered],
        "throughput_ratio": [ours.per_second / theirs.per_second for ours, theirs in answered],
        "ours_p50_ms": [ours.p50_ms for ours, _ in answered],
        "ours_p99_ms": [ours.p99_ms for ours, _ in answered],
        "peer_p50_ms": [theirs.p50_ms for _, theirs in answered],
        "peer_p99_ms": [theirs.p99_ms for _, theirs in answered],
    }
    said = {name: [round(value, 4) for value in values if value is not None] for name, values in runs.items()}
    notes = [contest.error and f"not measured: {contest.error}" if not answered else contest.error]
    notes += [f"{wire}, {contest.layout}" if contest.layout and wire else str(contest.layout or "")]
    notes += [_generators(answered)] if answered else []
    notes += [f"first error: {errors[0].first_error[:200]}"] if errors else []
    return {
        "model": contest.subject,
        "peer": contest.peer,
        "concurrency": callers,
        **{name: round(statistics.median(values), 4) if values else None for name, values in said.items()},
        "errors": sum(theirs.errors for _, theirs in pairs),
        "peer_version": version,
        "layout": str(contest.layout or ""),
        "note": "; ".join(note for note in notes if note),
        "runs": said,
    }


def _generators(pairs: Sequence[tuple[Answers, Answers]]) -> str:
    ours, theirs = (
        statistics.median(side.generator_cores for side in sides) for sides in zip(*pairs, strict=True)
    )
    return f"its load generator took {theirs:.2f} cores, ours {ours:.2f}"


def _runs(row: Row, name: str) -> list[float]:
    runs = row.get("runs")
    values = runs.get(name) if isinstance(runs, Mapping) else None
    return [float(value) for value in values] if isinstance(values, Sequence) else []
