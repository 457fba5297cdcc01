"""The result of `perf rooms` as tables and figures, from its JSON alone."""

from collections.abc import Callable, Sequence

from perf.report import Figure, Row, Section, Table, lines
from perf.rooms.slo_check import LATENESS

_ENDED_BY = {
    "slo": "",
    "rooms": " No more were tried.",
    "minutes": " There was no time for another step.",
    "interrupted": " It was interrupted before the search was done.",
    "generator": "",
}
_NOTES = (
    "Latency counts from when a caption could first have been known: when the chunk with its last sample was "
    "due, or, of a final, the chunk with the end of the last partial of its segment (one that is cut for its "
    "length ends some time before the cut). 'Spoken': from when the caption's last sample was spoken.",
    "Lost: finals that a room had alone on the server, and of whose time less than half was in finals among "
    "many; at least 1 for a room that failed or had less than half of its words. Late: captions beyond the "
    "limit of their kind.",
)
_CURVE = (
    *(
        ("rooms", "rooms"),
        ("partial p50", "partial_p50_s"),
        ("p95", "partial_p95_s"),
        ("p99", "partial_p99_s"),
    ),
    *(("final p50", "final_p50_s"), ("p95", "final_p95_s"), ("p99", "final_p99_s"), ("lost", "lost")),
    *(("late", "late"), ("cores", "server_cores"), ("service level", lambda row: row["verdict"] or "kept")),
)
_FRAMES = {
    "rooms": "rooms",
    "frames/s": "frames_per_s:.1f",
    "p50": "frame_p50_s",
    "p95": "frame_p95_s",
    "p99": "frame_p99_s",
    "dropped": "frames_dropped_share:.0%",
}
_BESIDE: dict[str, str | Callable[[Row], str]] = {
    "rooms": "rooms",
    "spoken: partial p95": "partial_spoken_p95_s",
    "final p99": "final_spoken_p99_s",
    "partials per s": "partials_per_speech_s",
    "words": "words_share:.0%",
    "sent late by": "sent_after_max_s",
    "memory MB": "memory_mb:.0f",
    "queue ms": "queue_ms",
    "pending": "pending",
    "generator late p99 ms": lambda row: f"{1000 * (row.get(LATENESS) or 0.0):,.1f}",
    "its cores": "generator_cores",
}


def section(result: Row) -> Section:
    """The curve; processes, models and the way of the time at the most rooms that were carried."""
    rows: Sequence[Row] = result["curve"]
    carried = [row for row in rows if row["rooms"] <= (result["max_rooms"] or 0)]
    most = max(carried, key=lambda row: row["rooms"], default=rows[0])
    filmed = [row for row in rows if row.get("frames_per_s") is not None]
    tables = [
        Table.of(
            f"rooms of profile {result['profile']['name']} at real-time pace",
            rows,
            _CURVE,
            caption="latencies in seconds; cores: CPU seconds of the server per second",
            left=["service level"],
        )
    ]
    if filmed:
        caption = "frames/s: looked at, of all rooms; latencies in seconds from when a frame was taken; "
        caption += "dropped: of those sent, as there were too many or the server had no time for them"
        tables.append(Table.of("their frames", filmed, _FRAMES, caption=caption))
    tables.append(
        Table.of(
            "the same steps, seen otherwise",
            [{**(row["signals"] or {}), **row} for row in rows],
            _BESIDE,
            caption="spoken: latency from when the last sample was spoken, s; partials: per second of speech;"
            " words: of those that the rooms have alone; sent late by: the most that a chunk was on its way "
            "after it was due, s; queue: mean of all requests; pending: mean of looks once a second",
        )
    )
    if most["models"]:
        tables += _costs(most)
    return Section(
        title=f"Live rooms: {result['profile'].get('description') or result['profile']['name']}",
        headline=_headline(result, filmed=bool(filmed)),
        tables=tuple(tables),
        figures=_figures(rows, result["slo"], filmed=bool(filmed)),
        notes=_NOTES,
    )


def _headline(result: Row, *, filmed: bool) -> str:
    most, spoken, slo = result["max_rooms"], result["max_rooms_spoken"], result["slo"]
    if most is None:
        return (
            "No number of rooms is claimed: the load generator was late before the service level was missed."
        )
    limits = f"p95 of partials < {slo['partial_p95_s']:g} s, p99 of finals < {slo['final_p99_s']:g} s"
    if filmed:
        limits += f", p95 of frames < {slo.get('frame_p95_s', 0):g} s"
    least = min(row["rooms"] for row in result["curve"])
    rooms = f"{'' if result['limited_by'] == 'slo' else 'At least '}{most} rooms keep"
    answer = f"{rooms if most else f'Not even {least} rooms keep'} {limits}, nothing lost."
    strict = "" if spoken is None else f" Counted from when a caption's last sample was spoken: {spoken}."
    return answer + strict + _ENDED_BY[result["limited_by"]]


def _costs(row: Row) -> list[Table]:
    """Where CPU, memory and time went."""
    rooms = row["rooms"]
    processes = Table.of(
        f"processes at {rooms} rooms",
        row["processes"],
        {"process": "name", "cores": "cpu_cores:.3f", "memory MB": "memory_mb:.0f"},
        caption="CPU seconds per second; memory is PSS: shared pages count once in all",
    )
    models = [
        {**model, "batch": model["inferences"] / max(model["executions"], 1)} for model in row["models"]
    ]
    columns = {"model": "name", "requests": "requests:d", "batch": "batch:.1f"}
    tables = [
        processes,
        Table.of(
            f"models at {rooms} rooms", models, columns | {"queue ms": "queue_ms", "compute ms": "compute_ms"}
        ),
    ]
    if row["time"]:
        total = sum(part["ms"] for part in row["time"])
        parts = [*row["time"], {"part": "all", "ms": total}]
        caption = (
            "means; client: until a chunk is on its way; captions: the rest, its own work and waits (the "
        )
        caption += "models' means hold recognitions for finals too, so it may come out below 0)"
        shares = [{**part, "share": part["ms"] / total if total else None} for part in parts]
        columns = {"part": "part", "ms": "ms:.1f", "share": "share:.0%"}
        title = f"where the time of a partial goes at {rooms} rooms"
        tables.append(Table.of(title, shares, columns, caption=caption))
    return tables


def _figures(rows: Sequence[Row], slo: Row, *, filmed: bool) -> tuple[Figure, ...]:
    drawn = {
        "latency": (
            "Caption latency by rooms",
            "latency (s)",
            {"p95 of partials": "partial_p95_s", "p99 of finals": "final_p99_s"},
        )
    }
    if filmed:
        drawn["frames"] = ("Frame latency by rooms", "latency (s)", {"p95 of frames": "frame_p95_s"})
    if rows[0].get("server_cores") is not None:
        cores = {"server": "server_cores", "load generator": "generator_cores"}
        drawn["cpu"] = ("CPU by rooms", "CPU (cores)", cores)
    return tuple(
        Figure(name, title, lines(rows, "rooms", curves, xlabel="rooms", ylabel=unit, limits=slo))
        for name, (title, unit, curves) in drawn.items()
    )
