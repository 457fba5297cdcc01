"""A result of `perf vision` as people see it, from its JSON alone."""

from collections.abc import Mapping, Sequence
from typing import cast

from perf.report import Figure, Section, Table, number
from perf.vision import drawing
from perf.vision.drawing import Row, value
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


def section(result: Mapping[str, object]) -> Section:
    """A result of `perf vision`, as far as its parts were measured."""
    makers = {
        "vision": _vision,
        "studio": _studio,
        "detectors": _detectors,
        "matte": _matte,
        "recognition": _recognition,
    }
    parts = {name: rows for name in makers if (rows := rows_of(result, name))}
    if not parts:
        raise RuntimeError(f"not a result of perf vision: it has none of {', '.join(makers)}")
    tables: list[Table] = []
    figures: list[Figure] = []
    for name, rows in parts.items():
        tables += makers[name](rows)
        figures += drawing.figures(name, rows)
    figures += drawing.figures("reach", rows_of(result, "reach"))
    missing = cast("Mapping[str, str]", result.get("not_measured") or {})
    return Section(
        title="Frames: vision, studio, and what they are made of",
        headline=" ".join(filter(None, (sentence(parts) for sentence in _SENTENCES))),
        tables=tuple(tables),
        figures=tuple(figures),
        notes=(
            *(_NOTES[name] for name in parts if name in _NOTES),
            *(f"{name} was not measured: {why}" for name, why in missing.items()),
        ),
    )


def rows_of(result: Mapping[str, object], name: str) -> list[Row]:
    """The rows of a part; none where it was not measured."""
    return cast("list[Row]", result.get(name) or [])


def _vision_said(parts: Mapping[str, Sequence[Row]]) -> str:
    if "vision" not in parts:
        return ""
    rows = parts["vision"]
    best = max(rows, key=lambda row: value(row, "frames_per_s") or 0.0)
    said = (
        f"vision does {number(value(best, 'frames_per_s'), 1)} frames a second at {best['concurrency']} "
        f"callers (goal {FRAMES_GOAL}), {number(value(best, 'served_over_bare'))} of one process without a "
        f"server (goal {RATIO_GOAL})"
    )
    alone = next((row for row in rows if row["concurrency"] == 1), None)
    return (
        f"{said}; p50 at one caller {number(value(alone, 'p50_ms'), 1)} ms (aim {ALONE_GOAL_MS})."
        if alone
        else f"{said}."
    )


def _studio_said(parts: Mapping[str, Sequence[Row]]) -> str:
    if "studio" not in parts:
        return ""
    rows = sorted(parts["studio"], key=lambda row: value(row, "frames_per_s") or 0.0)
    ends = (
        f"{number(value(row, 'frames_per_s'), 1)} ({row['effects']}, rooms: {row['rooms']})"
        for row in (rows[0], rows[-1])
    )
    return f"studio does {' to '.join(ends)} frames a second (goal {STUDIO_GOAL}, aim {STUDIO_AIM})."


def _matte_said(parts: Mapping[str, Sequence[Row]]) -> str:
    if "matte" not in parts:
        return ""
    ious = [value(row, "iou_raw") or 0.0 for row in parts["matte"]]
    return f"The matte's IoU with mediapipe's is {min(ious):.3f} to {max(ious):.3f} (goal {IOU_GOAL})."


_SENTENCES = (_vision_said, _studio_said, _matte_said)


def _vision(rows: Sequence[Row]) -> list[Table]:
    heading = ("callers", "frames/s", "p50 ms", "p95 ms", "p99 ms", "one process/s", "alone ms", "of it")
    metrics = ("frames_per_s", "p50_ms", "p95_ms", "p99_ms", "in_process_per_s", "in_process_ms")
    cells = tuple(
        (
            str(row["concurrency"]),
            *(number(value(row, metric), 1) for metric in metrics),
            number(value(row, "served_over_bare")),
        )
        for row in rows
    )
    caption = f"{rows[0]['input']}; in one process: {rows[0]['in_process_layout']}"
    return [
        Table("vision", heading, cells, caption=caption),
        _parts(rows[-1], f"callers: {rows[-1]['concurrency']}"),
    ]


def _studio(rows: Sequence[Row]) -> list[Table]:
    heading = ("effects", "rooms", "frames/s", "p50 ms", "p95 ms", "p99 ms")
    cells = tuple(
        (
            str(row["effects"]),
            str(row["rooms"]),
            *(number(value(row, metric), 1) for metric in ("frames_per_s", "p50_ms", "p95_ms", "p99_ms")),
        )
        for row in rows
    )
    return [
        Table("studio, 640 x 360", heading, cells),
        _parts(rows[-1], f"{rows[-1]['effects']}, rooms: {rows[-1]['rooms']}"),
    ]


def _parts(row: Row, when: str) -> Table:
    """Where the time goes."""
    parts = cast("list[Row]", row["parts"])
    cells = tuple(
        (str(part["name"]), *(number(value(part, name)) for name in ("queue_ms", "compute_ms", "batch")))
        for part in parts
    )
    return Table(f"models at work, {when}", ("model", "queue ms", "compute ms", "batch"), cells)


def _detectors(rows: Sequence[Row]) -> list[Table]:
    heading = (
        *("detector", "framing", "faces", "found", "missed", "false"),
        *("F1", "ms", "F1 per ms", "IoU", "to mediapipe"),
    )
    cells = tuple(
        (
            str(row["detector"]),
            str(row["framing"]),
            *(str(row[name]) for name in ("faces", "found", "missed", "false")),
            number(value(row, "f1"), 3),
            number(value(row, "ms"), 1),
            number(_per_ms(row), 3),
            *(number(value(row, name)) for name in ("iou", "iou_like")),
        )
        for row in rows
    )
    caption = "IoU: mean overlap with the labels, and with what mediapipe's full-range detector found"
    return [Table("face detectors, 640 x 480", heading, cells, caption=caption, left=frozenset({"framing"}))]


def _per_ms(row: Row) -> float | None:
    f1, ms = value(row, "f1"), value(row, "ms")
    return f1 / ms if f1 is not None and ms else None


def _matte(rows: Sequence[Row]) -> list[Table]:
    heading = (
        *("pictures", "how many", "IoU", "worst", "steadied IoU"),
        *("flicker % raw", "steadied", "mediapipe's", "ms", "mediapipe's ms"),
    )
    cells = tuple(
        (
            str(row["subject"]),
            str(row["pictures"]),
            *(number(value(row, name), 3) for name in ("iou_raw", "least_iou_raw", "iou_steadied")),
            *(number(value(row, f"{side}_flicker"), 3) for side in ("raw", "steadied", "peer")),
            *(number(value(row, name), 1) for name in ("network_ms", "peer_ms")),
        )
        for row in rows
    )
    return [Table("matte against mediapipe's SelfieSegmentation", heading, cells)]


def _recognition(rows: Sequence[Row]) -> list[Table]:
    pairs = Table(
        "pairs of faces",
        ("of", "one person", "two people", "farthest of one", "nearest of two"),
        tuple(
            (
                str(row["subject"]),
                *(str(row[name]) for name in ("same_pairs", "other_pairs")),
                *(number(value(row, name), 3) for name in ("farthest_same", "nearest_others")),
            )
            for row in rows
        ),
        caption=f"distances of unit embeddings; faces that vision did not find: {rows[0]['not_found']}",
    )
    thresholds = cast("list[float]", rows[0]["thresholds"])
    sides = {"false_reject": "not known", "false_accept": "taken for another"}
    rates = [
        (f"{row['subject']}: {said}", shares)
        for row in rows
        for side, said in sides.items()
        if None not in (shares := cast("list[float | None]", row[side]))
    ]
    cells = tuple(
        (
            f"{threshold:.2f}{' (default)' if threshold == rows[0]['default'] else ''}",
            *(_percent(shares[at]) for _, shares in rates),
        )
        for at, threshold in enumerate(thresholds)
    )
    heading = ("threshold", *(name for name, _ in rates))
    return [pairs, Table("error rates by threshold", heading, cells)]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
