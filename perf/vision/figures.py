"""The figures of `perf vision`: of each part the name, the title, and what draws it."""

from __future__ import annotations  # matplotlib, which takes long, is imported where it draws

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from perf.report import Row, lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Drawn: TypeAlias = "tuple[str, str, Callable[[Axes], None]]"


def vision(rows: Sequence[Row]) -> Drawn:
    """Frames a second, served and without a server."""
    curves = {"vision, gRPC": "frames_per_s", "one process, no server": "in_process_per_s"}
    draw = lines(rows, "concurrency", curves, xlabel="callers", ylabel="frames per second")
    return "frames", "vision: frames a second by callers", draw


def studio(rows: Sequence[Row]) -> Drawn:
    """Frames a second by kind of effects."""
    effects = dict.fromkeys(str(row["effects"]) for row in rows)
    by_effects = [{**row, f"per_s {row['effects']}": row["frames_per_s"]} for row in rows]
    curves = {name: f"per_s {name}" for name in effects}
    draw = lines(by_effects, "rooms", curves, xlabel="rooms", ylabel="frames per second")
    return "studio", "studio: frames a second of all rooms", draw


def detectors(rows: Sequence[Row]) -> Drawn:
    """How right each is, and how long that takes."""

    def draw(axes: Axes) -> None:
        for name in dict.fromkeys(str(row["detector"]) for row in rows):
            known = [row for row in rows if row["detector"] == name and row["faces"]]
            points = [(row["ms"], row["f1"] or 0.0) for row in known]
            (line,) = axes.plot([ms for ms, _ in points], [f1 for _, f1 in points], "o-", label=name)
            for row, point in zip(known, points, strict=True):
                color = line.get_color()
                axes.annotate(
                    row["framing"], point, (4, 4), textcoords="offset points", color=color, fontsize=7
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("ms a frame of 640 x 480 (logarithmic)")
        axes.set_ylabel("F1")
        axes.legend()

    return "detectors", "face detectors: right by time", draw


def reach(rows: Sequence[Row]) -> Drawn:
    """How far away a face may be."""

    def draw(axes: Axes) -> None:
        for row in rows:
            edges, found, faces = row["heights_px"], row["found"], row["faces"]
            steps = [at for at, count in enumerate(faces) if count]
            middles = [(edges[at] * edges[at + 1]) ** 0.5 for at in steps]
            axes.plot(middles, [found[at] / faces[at] for at in steps], "o-", label=row["detector"])
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.set_xlabel("height of the face, pixels of a frame of 640 x 480")
        axes.set_ylabel("found")
        axes.legend()

    return "reach", "faces found by their height", draw


def recognition(rows: Sequence[Row]) -> Drawn:
    """Mistakes of both kinds."""
    sides = (("false_reject", "o-", "one person, not known"), ("false_accept", "s--", "taken for another"))

    def draw(axes: Axes) -> None:
        for row in rows:
            color = None
            for metric, style, what in sides:
                shares = zip(row["thresholds"], row[metric], strict=True)
                if known := [(threshold, share) for threshold, share in shares if share is not None]:
                    label = f"{row['subject']}: {what}"
                    (line,) = axes.plot(*zip(*known, strict=True), style, color=color, label=label)
                    color = line.get_color()
        axes.axvline(rows[0]["default"], color="0.5", linestyle=":", label="default threshold")
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.set_xlabel("threshold (distance of unit embeddings)")
        axes.set_ylabel("share of the pairs")
        axes.legend(fontsize=7)

    return "recognition", "mistakes by threshold", draw


ALL: Mapping[str, Callable[[Sequence[Row]], Drawn]] = {
    "vision": vision,
    "studio": studio,
    "detectors": detectors,
    "recognition": recognition,
}
