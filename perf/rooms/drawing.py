"""The result of `perf rooms` as tables and figures, from its JSON alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from perf.report import Figure, Section, Table, number
from perf.rooms.judging import LATENESS
from perf.rooms.shapes import Limits, Part, Result, Row, measure

_LATENCIES = ("partial_p50_s", "partial_p95_s", "partial_p99_s", "final_p50_s", "final_p95_s", "final_p99_s")
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


def section(result: Mapping[str, object]) -> Section:
    """The curve; processes, models and the way of the time at the most rooms that were carried."""
    shown = cast(Result, result)
    rows = shown["curve"]
    at = max((row for row in rows if row["rooms"] <= (shown["max_rooms"] or 0)), key=_rooms, default=rows[0])
    tables = [_curve(shown), _beside(rows)]
    if seen := [row for row in rows if measure(row, "frames_per_s") is not None]:
        tables.insert(1, _video(seen))
    if at["models"]:
        tables += [_processes(at), _models(at), *([_time(at)] if at["time"] else [])]
    return Section(
        title=f"Live rooms: {shown['profile']['description'] or shown['profile']['name']}",
        headline=_headline(shown),
        tables=tuple(tables),
        figures=_figures(rows, shown["slo"]),
        notes=_NOTES,
    )


def _rooms(row: Row) -> int:
    return row["rooms"]


def _headline(result: Result) -> str:
    most, spoken, slo = result["max_rooms"], result["max_rooms_spoken"], result["slo"]
    if most is None:
        return (
            "No number of rooms is claimed: the load generator was late before the service level was missed."
        )
    limits = f"p95 of partials < {slo['partial_p95_s']:g} s, p99 of finals < {slo['final_p99_s']:g} s"
    if any(measure(row, "frames_per_s") is not None for row in result["curve"]):
        limits += f", p95 of frames < {slo.get('frame_p95_s', 0):g} s"
    least = min(map(_rooms, result["curve"]))
    rooms = f"{'' if result['limited_by'] == 'slo' else 'At least '}{most} rooms keep"
    answer = f"{rooms if most else f'Not even {least} rooms keep'} {limits}, nothing lost."
    strict = "" if spoken is None else f" Counted from when a caption's last sample was spoken: {spoken}."
    return answer + strict + _ENDED_BY[result["limited_by"]]


def _curve(result: Result) -> Table:
    return Table(
        title=f"rooms of profile {result['profile']['name']} at real-time pace",
        columns=(
            *("rooms", "partial p50", "p95", "p99", "final p50", "p95", "p99"),
            *("lost", "late", "cores", "service level"),
        ),
        rows=tuple(
            (
                str(row["rooms"]),
                *(number(measure(row, name)) for name in _LATENCIES),
                str(row["lost"]),
                str(row["late"]),
                number(measure(row, "server_cores")),
                row["verdict"] or "kept",
            )
            for row in result["curve"]
        ),
        caption="latencies in seconds; cores: CPU seconds of the server per second",
        left=frozenset({"service level"}),
    )


def _video(rows: Sequence[Row]) -> Table:
    """The same steps of rooms with video."""
    return Table(
        title="their frames",
        columns=("rooms", "frames/s", "p50", "p95", "p99", "dropped"),
        rows=tuple(
            (
                str(row["rooms"]),
                number(measure(row, "frames_per_s"), 1),
                *(number(measure(row, f"frame_{name}_s")) for name in ("p50", "p95", "p99")),
                _percent(measure(row, "frames_dropped_share")),
            )
            for row in rows
        ),
        caption="frames/s: looked at, of all rooms; latencies in seconds from when a frame was taken; "
        "dropped: of those sent, as there were too many or the server had no time for them",
    )


def _beside(rows: Sequence[Row]) -> Table:
    """What else was seen."""
    return Table(
        title="the same steps, seen otherwise",
        columns=(
            *("rooms", "spoken: partial p95", "final p99", "partials per s", "words", "sent late by"),
            *("memory MB", "queue ms", "pending", "generator late p99 ms", "its cores"),
        ),
        rows=tuple(
            (
                str(row["rooms"]),
                number(measure(row, "partial_spoken_p95_s")),
                number(measure(row, "final_spoken_p99_s")),
                number(measure(row, "partials_per_speech_s")),
                _percent(measure(row, "words_share")),
                number(measure(row, "sent_after_max_s")),
                number(measure(row, "memory_mb"), 0),
                *(number((row["signals"] or {}).get(name)) for name in ("queue_ms", "pending")),
                number(1000 * (measure(row, LATENESS) or 0.0), 1),
                number(measure(row, "generator_cores")),
            )
            for row in rows
        ),
        caption="spoken: latency from when the last sample was spoken, s; partials: per second of speech; "
        "words: of those that the rooms have alone; sent late by: the most that a chunk was on its way after "
        "it was due, s; queue: mean of all requests; pending: mean of looks once a second",
    )


def _processes(row: Row) -> Table:
    return Table(
        title=f"processes at {row['rooms']} rooms",
        columns=("process", "cores", "memory MB"),
        rows=tuple(
            (each["name"], number(each["cpu_cores"], 3), number(each["memory_mb"], 0))
            for each in row["processes"]
        ),
        caption="CPU seconds per second; memory is PSS: shared pages count once in all",
    )


def _models(row: Row) -> Table:
    return Table(
        title=f"models at {row['rooms']} rooms",
        columns=("model", "requests", "batch", "queue ms", "compute ms"),
        rows=tuple(
            (
                each["name"],
                str(each["requests"]),
                number(each["inferences"] / max(each["executions"], 1), 1),
                number(each["queue_ms"]),
                number(each["compute_ms"]),
            )
            for each in row["models"]
        ),
    )


def _time(row: Row) -> Table:
    total = sum(part["ms"] for part in row["time"])
    return Table(
        title=f"where the time of a partial goes at {row['rooms']} rooms",
        columns=("part", "ms", "share"),
        rows=tuple(
            (part["part"], number(part["ms"], 1), _percent(part["ms"] / total if total else None))
            for part in (*row["time"], Part(part="all", ms=total))
        ),
        caption="means; client: until a chunk is on its way; captions: the rest, its own work and waits (the "
        "models' means hold recognitions for finals too, so it may come out below 0)",
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _figures(rows: Sequence[Row], slo: Limits) -> tuple[Figure, ...]:
    latency = _plot(
        rows, {"p95 of partials": "partial_p95_s", "p99 of finals": "final_p99_s"}, "latency (s)", slo
    )
    figures = [Figure("latency", "Caption latency by rooms", latency)]
    if any(measure(row, "frames_per_s") is not None for row in rows):
        frames = _plot(rows, {"p95 of frames": "frame_p95_s"}, "latency (s)", slo)
        figures.append(Figure("frames", "Frame latency by rooms", frames))
    if measure(rows[0], "server_cores") is not None:
        cores = _plot(rows, {"server": "server_cores", "load generator": "generator_cores"}, "CPU (cores)")
        figures.append(Figure("cpu", "CPU by rooms", cores))
    return tuple(figures)


def _plot(
    rows: Sequence[Row], lines: Mapping[str, str], unit: str, slo: Limits | None = None
) -> Callable[[Axes], None]:
    """Measures by rooms; the limits of `slo` as dashed lines in the colours of theirs."""

    def draw(axes: Axes) -> None:
        for label, name in lines.items():
            known = [(row["rooms"], value) for row in rows if (value := measure(row, name)) is not None]
            (line,) = axes.plot([at for at, _ in known], [value for _, value in known], "o-", label=label)
            if slo:
                limit = cast(Mapping[str, float], slo)[name]
                axes.axhline(limit, color=line.get_color(), linestyle="--", label=f"its limit, {limit:g} s")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("rooms")
        axes.set_ylabel(unit)
        axes.set_ylim(bottom=0)
        axes.legend()

    return draw
