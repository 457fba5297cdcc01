"""A result of `perf vision` as people see it, from its JSON alone."""

from collections.abc import Callable, Sequence
from functools import partial

from perf.report import Figure, Row, Section, Table, number
from perf.vision import figures
from perf.vision.matching import OVERLAP

FRAMES_GOAL, RATIO_GOAL, ALONE_GOAL_MS = 30, 0.8, 25
STUDIO_GOAL, STUDIO_AIM = 15, 30
IOU_GOAL = 0.97
_NOTES = {
    "vision": "vision: in one process is the same files and modules without a server, in the layout that did "
    "most frames a second; alone: a frame on its own there, every core at work for it.",
    "detectors": "detectors: ms from RGB to boxes inside the detector's own process, on every core. A face "
    f"counts as found from an overlap of {OVERLAP} with its label on: boxes differ in what they call a face.",
    "matte": "matte: raw is the network's mask, steadied what effects make of it, both against mediapipe's "
    "SelfieSegmentation in its own process. Flicker: mean change where the picture did not change.",
    "recognition": "recognition: of too few people to tell rates for others. No package says anything of "
    "age or origin, so error rates by group of people can't be told.",
}
_LATENCIES = {"frames/s": "frames_per_s:.1f"} | {f"{p} ms": f"{p}_ms:.1f" for p in ("p50", "p95", "p99")}
_DETECTORS = {
    **{name: name for name in ("detector", "framing", "faces", "found", "missed", "false")},
    **{"F1": "f1:.3f", "ms": "ms:.1f", "F1 per ms": "per_ms:.3f", "IoU": "iou", "to mediapipe": "iou_like"},
}
_MATTE = {
    **{"pictures": "subject", "how many": "pictures", "IoU": "iou_raw:.3f", "worst": "least_iou_raw:.3f"},
    **{"steadied IoU": "iou_steadied:.3f", "flicker % raw": "raw_flicker:.3f"},
    **{"steadied": "steadied_flicker:.3f", "mediapipe's": "peer_flicker:.3f"},
    **{"ms": "network_ms:.1f", "mediapipe's ms": "peer_ms:.1f"},
}


def section(result: Row) -> Section:
    """A result of `perf vision`, as far as its parts were measured."""
    parts = {name: rows for name in _TABLES if (rows := result.get(name))}
    if not parts:
        raise RuntimeError(f"not a result of perf vision: it has none of {', '.join(_TABLES)}")
    drawn = [Figure(*figures.ALL[name](rows)) for name, rows in parts.items() if name in figures.ALL]
    if reach := result.get("reach"):
        drawn.append(Figure(*figures.reach(reach)))
    missing = result.get("not_measured") or {}
    return Section(
        title="Frames: vision, studio, and what they are made of",
        headline=" ".join(_SENTENCES[name](rows) for name, rows in parts.items() if name in _SENTENCES),
        tables=tuple(table for name, rows in parts.items() for table in _TABLES[name](rows)),
        figures=tuple(drawn),
        notes=(
            *(_NOTES[name] for name in parts if name in _NOTES),
            *(f"{name} was not measured: {why}" for name, why in missing.items()),
        ),
    )


def _vision_said(rows: Sequence[Row]) -> str:
    best = max(rows, key=lambda row: row["frames_per_s"])
    said = (
        f"vision does {number(best['frames_per_s'], 1)} frames a second at {best['concurrency']} "
        f"callers (goal {FRAMES_GOAL}), {number(best['served_over_bare'])} of one process without a "
        f"server (goal {RATIO_GOAL})"
    )
    for row in rows:
        if row["concurrency"] == 1:
            said += f"; p50 at one caller {row['p50_ms']:.1f} ms (aim {ALONE_GOAL_MS})"
    return f"{said}."


def _studio_said(rows: Sequence[Row]) -> str:
    ordered = sorted(rows, key=lambda row: row["frames_per_s"])
    ends = (
        f"{number(row['frames_per_s'], 1)} ({row['effects']}, rooms: {row['rooms']})"
        for row in (ordered[0], ordered[-1])
    )
    return f"studio does {' to '.join(ends)} frames a second (goal {STUDIO_GOAL}, aim {STUDIO_AIM})."


def _matte_said(rows: Sequence[Row]) -> str:
    ious = [row["iou_raw"] for row in rows]
    return f"The matte's IoU with mediapipe's is {min(ious):.3f} to {max(ious):.3f} (goal {IOU_GOAL})."


_SENTENCES = {"vision": _vision_said, "studio": _studio_said, "matte": _matte_said}


def _vision(rows: Sequence[Row]) -> list[Table]:
    columns = {"callers": "concurrency"} | _LATENCIES
    columns |= {"one process/s": "in_process_per_s:.1f", "alone ms": "in_process_ms:.1f"}
    columns |= {"of it": "served_over_bare"}
    caption = f"{rows[0]['input']}; in one process: {rows[0]['in_process_layout']}"
    return [
        Table.of("vision", rows, columns, caption=caption),
        _parts(rows[-1], f"callers: {rows[-1]['concurrency']}"),
    ]


def _studio(rows: Sequence[Row]) -> list[Table]:
    return [
        Table.of("studio, 640 x 360", rows, {"effects": "effects", "rooms": "rooms"} | _LATENCIES),
        _parts(rows[-1], f"{rows[-1]['effects']}, rooms: {rows[-1]['rooms']}"),
    ]


def _parts(row: Row, when: str) -> Table:
    """Where the time goes."""
    columns = {"model": "name", "queue ms": "queue_ms", "compute ms": "compute_ms", "batch": "batch"}
    return Table.of(f"models at work, {when}", row["parts"], columns)


def _detectors(rows: Sequence[Row]) -> list[Table]:
    known = [{**row, "per_ms": row["f1"] / row["ms"]} if row["f1"] and row["ms"] else row for row in rows]
    caption = "IoU: mean overlap with the labels, and with what mediapipe's full-range detector found"
    return [Table.of("face detectors, 640 x 480", known, _DETECTORS, caption=caption, left=["framing"])]


def _matte(rows: Sequence[Row]) -> list[Table]:
    return [Table.of("matte against mediapipe's SelfieSegmentation", rows, _MATTE)]


def _recognition(rows: Sequence[Row]) -> list[Table]:
    columns = {"of": "subject", "one person": "same_pairs", "two people": "other_pairs"}
    columns |= {"farthest of one": "farthest_same:.3f", "nearest of two": "nearest_others:.3f"}
    caption = f"distances of unit embeddings; faces that vision did not find: {rows[0]['not_found']}"
    rates = {
        f"{row['subject']}: {said}": row[side]
        for row in rows
        for side, said in (("false_reject", "not known"), ("false_accept", "taken for another"))
        if None not in row[side]
    }
    default = rows[0]["default"]
    thresholds = [
        {"threshold": f"{threshold:.2f}{' (default)' if threshold == default else ''}"}
        | {name: shares[at] for name, shares in rates.items()}
        for at, threshold in enumerate(rows[0]["thresholds"])
    ]
    percents: dict[str, str | Callable[[Row], str]] = {"threshold": "threshold"}
    percents |= {name: partial(_percent, name) for name in rates}
    return [
        Table.of("pairs of faces", rows, columns, caption=caption),
        Table.of("error rates by threshold", thresholds, percents),
    ]


def _percent(name: str, row: Row) -> str:
    """A rate; what it is of has colons in it, so that it is no column's name."""
    return f"{row[name]:.1%}"


_TABLES = {
    "vision": _vision,
    "studio": _studio,
    "detectors": _detectors,
    "matte": _matte,
    "recognition": _recognition,
}
