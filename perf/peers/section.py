"""The peers as people see them: who is ahead first, then a table and a plot per model."""

from __future__ import annotations  # matplotlib, which takes long, is imported where it draws

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from perf.peers.contenders import IN_PROCESS
from perf.peers.results import CLEAR, ahead
from perf.peers.subjects import ENCODER, IDENTITY
from perf.report import Figure, Row, Section, Table, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = (
    *(("peer", lambda row: f"{row['peer']} {row['peer_version']}"), ("callers", "concurrency")),
    *(("ours /s", "ours_per_s:.1f"), ("theirs /s", "peer_per_s:.1f"), ("ours / theirs", "throughput_ratio")),
    *(("ours p50 ms", "ours_p50_ms"), ("theirs", "peer_p50_ms")),
    *(("ours p99 ms", "ours_p99_ms"), ("theirs", "peer_p99_ms"), ("errors", "errors")),
)


def section(result: Row) -> Section:
    """A result of `perf peers`, as its JSON has it."""
    rows: list[Row] = result.get("results") or []
    if not rows:
        raise RuntimeError("not a result of perf peers: it has no results")
    models = dict.fromkeys(row["model"] for row in rows)
    by_model = {model: [row for row in rows if row["model"] == model] for model in models}
    caption = "medians of the rounds; ours is measured beside each peer, so it differs from peer to peer"
    return Section(
        title="Against what people would pick instead",
        headline=headline(rows),
        tables=tuple(
            Table.of(f"{model}: the same ONNX file on the same cores", own, _COLUMNS, caption=caption)
            for model, own in by_model.items()
        ),
        figures=tuple(
            Figure(
                f"peers-{model}",
                f"{model}: throughput, ours / theirs (above 1: ours is ahead)",
                _bars(own),
            )
            for model, own in by_model.items()
        ),
        notes=_notes(rows),
    )


def headline(rows: Sequence[Row]) -> str:
    """Who is ahead of us, and if nobody that; then who was not measured, and how near to the limit we are."""
    peers = [row for row in rows if row["peer"] != IN_PROCESS]
    measured = [row for row in peers if row["throughput_ratio"] is not None]
    wins = _wins(measured)
    if wins:
        sentences = [f"Ahead of us: {'; '.join(wins)}."]
    else:
        sentences = ["We are ahead of all." if measured else "No peer was measured."]
    missing = dict.fromkeys(f"{row['peer']} ({row['model']})" for row in peers if row not in measured)
    if missing:
        sentences.append(f"Not measured: {', '.join(missing)}; see the notes.")
    limits = [row for row in rows if row["peer"] == IN_PROCESS and row["model"] != IDENTITY]
    if shares := [number(row["throughput_ratio"]) for row in limits]:
        callers = " / ".join(str(row["concurrency"]) for row in limits)
        shared = " / ".join(shares)
        sentences.append(f"{ENCODER} reaches {shared} of ONNX Runtime in process with {callers} callers.")
    return " ".join(sentences)


def _wins(rows: Sequence[Row]) -> list[str]:
    """Of each peer and model, with how many callers it is ahead, and by how much."""
    wins: dict[str, list[str]] = {}
    for row in rows:
        if by := ahead(row):
            if by == "throughput":
                much = f"{number(1 / (row['throughput_ratio'] or 1))} times our throughput"
            else:
                ours, theirs = (number(row[f"{side}_p99_ms"], 1) for side in ("ours", "peer"))
                much = f"p99 {theirs} ms, ours {ours}"
            wins.setdefault(f"{row['peer']} serving {row['model']}", []).append(
                f"{much} at {row['concurrency']}"
            )
    return [f"{who} ({', '.join(how)} callers)" for who, how in wins.items()]


def _notes(rows: Sequence[Row]) -> tuple[str, ...]:
    """How each peer was served, once per model, with what it cost to load it with the most callers."""
    last = {(str(row["model"]), str(row["peer"])): str(row["note"]) for row in rows}
    return (
        f"A peer is ahead where it was in every round, and by more than {CLEAR:.0%} in the median: "
        "in throughput, or in p99 where its throughput was no worse.",
        *(f"{peer}, {model}: {note}" for (model, peer), note in last.items()),
    )


def _bars(rows: Sequence[Row]) -> Callable[[Axes], None]:
    peers = list(dict.fromkeys(str(row["peer"]) for row in rows))
    callers = list(dict.fromkeys(str(row["concurrency"]) for row in rows))

    def draw(axes: Axes) -> None:
        width = 0.8 / len(callers)
        for at, count in enumerate(callers):
            ratios = {
                str(row["peer"]): row["throughput_ratio"] for row in rows if str(row["concurrency"]) == count
            }
            places = [place + (at - (len(callers) - 1) / 2) * width for place in range(len(peers))]
            axes.bar(places, [ratios.get(peer) or 0 for peer in peers], width, label=f"{count} callers")
        axes.axhline(1, color="black", linewidth=1)
        axes.set_xticks(range(len(peers)), peers)
        axes.set_ylabel("throughput, ours / theirs")
        axes.legend()

    return draw
