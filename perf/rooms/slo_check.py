"""Rows against the service level, and repeated rows as one."""

import statistics
from collections.abc import Sequence
from dataclasses import replace

from perf.rooms.rows import Row
from perf.rooms.slo import LATENESS_P99_S, PARTIALS, WORDS, Slo

LATENESS = "generator_lateness_p99_s"
LATE_GENERATOR = "not claimed: the load generator was late"


def claimed(row: Row) -> bool:
    """Whether the load generator was in time, so that what it saw is about the server."""
    late = row.measures[LATENESS]
    return late is not None and late <= LATENESS_P99_S


def verdict(row: Row, slo: Slo, first: Row | None = None, *, spoken: bool = False) -> str:
    """Why `row` did not keep the service level, or "".

    Args:
        row: what is judged.
        slo: the limits.
        first: the first row of the curve, whose partials are the measure.
        spoken: judge latencies from when the last sample was spoken instead.
    """
    since = "_spoken" if spoken else ""
    partial_p95_s = row.measures[f"partial{since}_p95_s"]
    final_p99_s = row.measures[f"final{since}_p99_s"]
    words = row.measures["words_share"]
    frame_p95_s, dropped = (row.measures.get(name) for name in ("frame_p95_s", "frames_dropped_share"))
    few = first is not None and _partials(row) < PARTIALS * _partials(first)
    checks = (
        (not claimed(row), LATE_GENERATOR),
        (row.failed > 0, f"rooms failed: {row.failed}"),
        (row.lost > 0, f"finals lost: {row.lost}"),
        (words is not None and words < WORDS, f"less than {WORDS:.0%} of the words came"),
        (row.spoken_s > 0 and partial_p95_s is None, "no partials came"),
        (
            partial_p95_s is not None and partial_p95_s >= slo.partial_p95_s,
            f"p95 of partials is not below {slo.partial_p95_s:g} s",
        ),
        (
            final_p99_s is not None and final_p99_s >= slo.final_p99_s,
            f"p99 of finals is not below {slo.final_p99_s:g} s",
        ),
        (few, "partials come too seldom"),
        (
            frame_p95_s is not None and frame_p95_s >= slo.frame_p95_s,
            f"p95 of frames is not below {slo.frame_p95_s:g} s",
        ),
        (
            dropped is not None and dropped > slo.frames_dropped,
            f"more than {slo.frames_dropped:.0%} of the frames dropped",
        ),
    )
    return next((why for broken, why in checks if broken), "")


def combined(runs: Sequence[Row]) -> Row:
    """Several runs of a step as one row: medians, and all runs beside.

    Of what is counted as bad, and of the generator's lateness, it has the most: nothing is averaged away.
    What is no number (models, processes, time, signals) is of the run whose p95 of partials is the median.
    """
    if len(runs) == 1:
        return runs[0]
    middle = sorted(runs, key=lambda run: run.measures["partial_p95_s"] or 0.0)[len(runs) // 2]
    measures = {name: tuple(run.measures[name] for run in runs) for name in middle.measures}
    counts = {name: tuple(int(getattr(run, name)) for run in runs) for name in ("lost", "late", "failed")}
    late_s = [late for late in measures[LATENESS] if late is not None]
    medians = {name: _median(values) for name, values in measures.items()}
    return replace(
        middle,
        measures=medians | {LATENESS: max(late_s) if len(late_s) == len(runs) else None},
        lost=max(counts["lost"]),
        late=max(counts["late"]),
        failed=max(counts["failed"]),
        errors=tuple(sorted({error for run in runs for error in run.errors})),
        runs=measures | counts,
    )


def _partials(row: Row) -> float:
    return row.measures["partials_per_speech_s"] or 0.0


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 4) if known else None


def carried(rows: Sequence[Row], slo: Slo, *, spoken: bool = False) -> int | None:
    """The most rooms that kept the service level, as did every smaller number measured; 0 if none did.

    None where the load generator was late before the service level was missed: the server may carry more.
    """
    most = 0
    ascending = sorted(rows, key=lambda row: row.rooms)
    for row in ascending:
        why = verdict(row, slo, ascending[0] if row is not ascending[0] else None, spoken=spoken)
        if why == LATE_GENERATOR:
            return None
        if why:
            break
        most = row.rooms
    return most
