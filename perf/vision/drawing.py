"""The figures of `perf vision`."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from perf.report import Figure

Row = Mapping[str, object]


def value(row: Row, name: str) -> float | None:
    """A number of a row; None where it has none of that name."""
    found = row.get(name)
    return float(found) if isinstance(found, int | float) else None


def values(rows: Sequence[Row], name: str) -> list[float]:
    """A number of each row; NaN, which is not drawn, where one has none."""
    return [math.nan if (found := value(row, name)) is None else found for row in rows]


def figures(part: str, rows: Sequence[Row]) -> list[Figure]:
    """What is drawn of a part of the result."""
    if not rows:
        return []
    drawn: dict[str, tuple[str, str, Callable[[Axes], None]]] = {
        "vision": ("frames", "vision: frames a second by callers", _vision(rows)),
        "studio": ("studio", "studio: frames a second of all rooms", _studio(rows)),
        "detectors": ("detectors", "face detectors: right by time", _detectors(rows)),
        "reach": ("reach", "faces found by their height", _reach(rows)),
        "recognition": ("recognition", "mistakes by threshold", _recognition(rows)),
    }
    return [Figure(*drawn[part])] if part in drawn else []


def _vision(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        callers = values(rows, "concurrency")
        for metric, label in (
            ("frames_per_s", "vision, gRPC"),
            ("in_process_per_s", "one process, no server"),
        ):
            axes.plot(callers, values(rows, metric), "o-", label=label)
        axes.set_xticks(callers)
        axes.set_xlabel("callers")
        _per_second(axes)

    return draw


def _studio(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for effects in dict.fromkeys(row["effects"] for row in rows):
            chosen = [row for row in rows if row["effects"] == effects]
            rooms = values(chosen, "rooms")
            axes.plot(rooms, values(chosen, "frames_per_s"), "o-", label=str(effects))
            axes.set_xticks(rooms)
        axes.set_xlabel("rooms")
        _per_second(axes)

    return draw


def _detectors(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for name in dict.fromkeys(str(row["detector"]) for row in rows):
            known = [row for row in rows if row["detector"] == name and row["faces"]]
            (line,) = axes.plot(values(known, "ms"), values(known, "f1"), "o-", label=name)
            for row in known:
                at = (value(row, "ms") or 0.0, value(row, "f1") or 0.0)
                axes.annotate(
                    str(row["framing"]),
                    at,
                    (4, 4),
                    textcoords="offset points",
                    color=line.get_color(),
                    fontsize=7,
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.set_xlabel("ms a frame of 640 x 480 (logarithmic)")
        axes.set_ylabel("F1")
        axes.legend()

    return draw


def _reach(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for row in rows:
            edges, found, faces = (
                cast("list[float]", row[name]) for name in ("heights_px", "found", "faces")
            )
            steps = [at for at, count in enumerate(faces) if count]
            middles = [(edges[at] * edges[at + 1]) ** 0.5 for at in steps]
            axes.plot(middles, [found[at] / faces[at] for at in steps], "o-", label=str(row["detector"]))
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("height of the face, pixels of a frame of 640 x 480")
        axes.set_ylabel("found")
        axes.legend()

    return draw


def _recognition(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for row in rows:
            thresholds = cast("list[float]", row["thresholds"])
            color = None
            for metric, style, what in (
                ("false_reject", "o-", "one person, not known"),
                ("false_accept", "s--", "taken for another"),
            ):
                known = cast("list[float | None]", row[metric])
                shares = [math.nan if share is None else share for share in known]
                if not all(map(math.isnan, shares)):
                    label = f"{row['subject']}: {what}"
                    (line,) = axes.plot(thresholds, shares, style, color=color, label=label)
                    color = line.get_color()
        axes.axvline(value(rows[0], "default") or 0.0, color="0.5", linestyle=":", label="default threshold")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("threshold (distance of unit embeddings)")
        axes.set_ylabel("share of the pairs")
        axes.legend(fontsize=7)

    return draw


def _per_second(axes: Axes) -> None:
    axes.set_ylabel("frames per second")
    axes.set_ylim(bottom=0)
    axes.legend()
