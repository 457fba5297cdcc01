"""What a live room gave and what it cost: as JSON, and as tables."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from perf import report
from perf.live.record import Record
from perf.load.playback import CHUNK_S, percentiles
from perf.load.server_costs import Costs

FOOTNOTE = (
    "Latency runs from the moment a caption's last sample was spoken to the caption's arrival: the time a "
    "chunk takes to fill ({chunk:.0f} ms) counts. A final is known to be one only after a pause, which "
    "counts as far as it lies behind the final's end (see captions' segments.py); one that is cut for its "
    "length, without a pause, ends some time before the cut, which counts too. Of a frame it runs from when "
    "it was handed to the client."
)
FOOTNOTE_UNPACED = (
    "Latency runs from when the chunk with a caption's last sample, or the frame, was handed to the client."
)


def summary(heard: Record, costs: Costs, audio_s: float, pace: float) -> dict[str, object]:
    """What `build/live.json` holds of speech and of what the server did.

    `real_time_factor` is wall-clock seconds per second of audio at pace 0, and CPU seconds of the whole
    server per second of audio at any other pace, where the wall clock only tells the pace.
    """
    spent = costs.cpu_s if pace else costs.wall_s
    partial, final = percentiles(heard.partial_s), percentiles(heard.final_s)
    return {
        "words": heard.words,
        "finals": heard.finals,
        "partials": len(heard.partial_s),
        "real_time_factor": round(spent / audio_s, 4),
        "real_time_factor_of": "cpu" if pace else "wall",
        "audio_s": round(audio_s, 3),
        "wall_s": round(costs.wall_s, 3),
        "cpu_s": round(costs.cpu_s, 3),
        **{f"partial_{name}_s": value for name, value in partial.items()},
        **{f"final_{name}_s": value for name, value in final.items()},
        "models": [asdict(model) for model in costs.models],
    }


def video_summary(heard: Record, sent: int) -> dict[str, object]:
    """What it holds of frames, of which so many were sent. `expressions`: the likeliest of each face."""
    return {
        "frames_sent": sent,
        "frames_seen": len(heard.frame_s),
        "frames_dropped": heard.frames_dropped,
        "faces": heard.faces,
        "expressions": dict(heard.expressions.most_common()),
        **{f"frame_{name}_s": value for name, value in percentiles(heard.frame_s).items()},
    }


def chat_summary(heard: Record, sent: int) -> dict[str, object]:
    """What it holds of chat, of which so many lines were sent. `lines_decided`: how many by what became."""
    return {
        "lines_sent": sent,
        "lines_decided": dict(heard.decided),
        **{f"line_{name}_s": value for name, value in percentiles(heard.line_s).items()},
    }


def moods_summary(heard: Record) -> dict[str, object]:
    """What it holds of the last moods of host and audience."""
    return {"moods": {who: asdict(mood) for who, mood in heard.moods.items()}}


def show(console: Console, result: Mapping[str, object], costs: Costs, pace: float) -> None:
    """Prints both tables."""
    table = Table(show_header=False, title="live room")
    table.add_row("audio", f"{result['audio_s']:.1f} s")
    table.add_row("words, finals, partials", f"{result['words']}, {result['finals']}, {result['partials']}")
    per = "CPU" if pace else "wall-clock"
    table.add_row("real-time factor", f"{result['real_time_factor']:.3f} ({per} seconds per second of audio)")
    for kind in ("partial", "final"):
        table.add_row(f"{kind} latency p50, p95", _seconds(result, kind))
    if "frames_sent" in result:
        counts = (result[f"frames_{what}"] for what in ("sent", "seen", "dropped"))
        table.add_row("frames sent, seen, dropped", ", ".join(map(str, counts)))
        table.add_row("frame latency p50, p95", _seconds(result, "frame"))
        table.add_row("faces, top expressions", f"{result['faces']}; {_top(result['expressions'])}")
    if "lines_sent" in result:
        table.add_row("lines of chat", f"{result['lines_sent']}; {_top(result['lines_decided'])}")
        table.add_row("line latency p50, p95", _seconds(result, "line"))
    for who, mood in _mapping(result.get("moods")).items():
        table.add_row(f"mood of the {who}", f"{mood['valence']:+.2f}; {mood['reason']}")
    if echo := _mapping(result.get("echo")):
        table.add_row("said", str(echo["said"]))
        table.add_row("heard again", str(echo["heard"]))
        factor = echo["spent_s"] / echo["speech_s"]
        table.add_row("first audio, real-time factor", f"{echo['first_audio_s']:.2f} s, {factor:.2f}")
    console.print(table, models_table(costs))
    console.print(FOOTNOTE.format(chunk=1000 * CHUNK_S) if pace else FOOTNOTE_UNPACED, style="dim")


def models_table(costs: Costs) -> Table:
    """Per model: how often it ran, and the mean time of a request in its queue and at work."""
    rows = [{**asdict(model), "batch": model.inferences / max(model.executions, 1)} for model in costs.models]
    columns = {"model": "name", "inferences": "inferences:d", "batch": "batch:.1f"}
    columns |= {"queue ms": "queue_ms", "compute ms": "compute_ms", "total ms": "total_ms"}
    return report.Table.of("models", rows, columns).rich()


def _seconds(result: Mapping[str, object], kind: str) -> str:
    values = (result[f"{kind}_{name}_s"] for name in ("p50", "p95"))
    return ", ".join("-" if value is None else f"{value:.2f} s" for value in values)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _top(counted: object) -> str:
    counts = list(_mapping(counted).items())[:3]
    return ", ".join(f"{name} {count}" for name, count in counts) or "none"
