"""What `perf models` found, for people: drawn from the JSON alone."""

from __future__ import annotations  # matplotlib, which takes long, is imported where it draws

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from perf.models.rows import Row
from perf.report import Figure, Section, Table, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = "osv^DPX"  # one more or less than there are colours, so that models differ in one of them
_NOTES = (
    "Callers send their next request when they have the answer; callers of models with sequences are a room "
    "each. Latency is perf_analyzer's, over gRPC; callers and server share the machine's cores.",
    "Queue and compute are Triton's means over requests, an ensemble's the sums over its steps. Batch is "
    "what Triton handed over together; the portable backend runs together what has one shape.",
    "Bare is the same file or module in one process, without a server, in the layout that did most requests "
    "a second, batches included: what the cores can do at all, whatever a caller waits.",
)


def section(result: Mapping[str, object]) -> Section:
    """The result of `perf models`, see `rows.Row`."""
    rows = cast("list[Row]", result["models"])
    peaks = [max(each, key=itemgetter("infer_per_s")) for each in _by_name(rows)]
    notes = dict.fromkeys(row["note"] for row in peaks if row["note"])
    return Section(
        "Models",
        _headline(peaks),
        tuple(_tables(rows, peaks)),
        (
            Figure("throughput", "requests per second, served and without a server", _throughput(peaks)),
            Figure("latency", "median latency by number of callers", _latency(rows)),
        ),
        (*_NOTES, *notes),
    )


def _by_name(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for _, group in groupby(rows, key=itemgetter("name")):
        yield list(group)


def _headline(peaks: Sequence[Row]) -> str:
    ratios = {row["name"]: row["served_over_bare"] for row in peaks if row["served_over_bare"] is not None}
    if not ratios:
        return "Nothing was measured that runs without a server, so there is no limit to compare with."
    listed = ", ".join(f"{name} {ratio:.2f}" for name, ratio in sorted(ratios.items(), key=lambda r: -r[1]))
    return f"Served over bare, each model at its best: {listed}."


def _tables(rows: Sequence[Row], peaks: Sequence[Row]) -> Iterator[Table]:
    columns = (
        *("model", "callers", "infer/s", "p50 ms", "p95 ms", "p99 ms"),
        *("queue ms", "compute ms", "batch", "of bare"),
    )
    cells = tuple(
        (
            row["name"],
            str(row["concurrency"]),
            number(row["infer_per_s"], 1),
            *map(number, (row["p50_ms"], row["p95_ms"], row["p99_ms"])),
            *map(number, (row["queue_ms"], row["compute_ms"], row["batch"])),
            number(row["served_over_bare"]),
        )
        for row in rows
    )
    yield Table("models", columns, cells)
    yield Table(
        "the limit",
        ("model", "bare/s", "how", "served/s", "callers", "of bare", "batches formed"),
        tuple(
            (
                row["name"],
                number(row["bare_per_s"], 1),
                row["bare_layout"] or row["no_bare"],
                number(row["infer_per_s"], 1),
                str(row["concurrency"]),
                number(row["served_over_bare"]),
                _sizes(row["batches"]),
            )
            for row in peaks
        ),
        caption="at each model's best number of callers; batches: how many of each size, in all runs",
        left=frozenset(("how", "batches formed")),
    )
    parts = tuple(
        (
            row["name"],
            str(row["concurrency"]),
            part["name"],
            *map(number, (part["queue_ms"], part["compute_ms"], part["batch"])),
        )
        for row in peaks
        for part in row["parts"]
    )
    if parts:
        heading = ("model", "callers", "part", "queue ms", "compute ms", "batch")
        yield Table("where its time goes", heading, parts, left=frozenset(["part"]))


def _sizes(batches: Mapping[str, int]) -> str:
    commonest = sorted(batches.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{count} of {size}" for size, count in commonest[:4])
    return shown + ", ..." * (len(commonest) > 4) or "-"


def _throughput(peaks: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        height = 0.38
        places = range(len(peaks))
        served = axes.barh([at - height / 2 for at in places], [row["infer_per_s"] for row in peaks], height)
        bare = axes.barh(
            [at + height / 2 for at in places], [row["bare_per_s"] or 0 for row in peaks], height
        )
        axes.set_xscale("log")
        axes.set_yticks(list(places), [row["name"] for row in peaks])
        axes.invert_yaxis()
        axes.set_xlabel("requests per second (logarithmic)")
        axes.legend([served, bare], ["served, at its best number of callers", "without a server"])

    return draw


def _latency(rows: Sequence[Row]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for at, each in enumerate(_by_name(rows)):
            callers, marker = [row["concurrency"] for row in each], _MARKERS[at % len(_MARKERS)]
            axes.plot(callers, [row["p50_ms"] for row in each], marker=marker, label=each[0]["name"])
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(sorted({row["concurrency"] for row in rows}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("callers")
        axes.set_ylabel("p50 latency (ms, logarithmic)")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))

    return draw
