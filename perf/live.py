"""One live room on the embedded Triton, captioned as it is played: what `make live` runs."""

import argparse
import asyncio
import json
import math
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from liveroom import AsyncClient, AudioFile, Caption
from liveroom.cli._view import CaptionView
from rich.console import Console
from rich.table import Table

from exporters.progress import Progress
from exporters.sources import Library
from exporters.speech import MOONSHINE
from exporters.wer import tokens
from perf import report
from perf.load.playback import CHUNK_S, Playback, percentiles
from perf.load.server_costs import Costs, Meter
from server import Triton

RECORDING = next(name for name in MOONSHINE.files if name.endswith("/two_cities.wav"))
"""What is played unless told otherwise: 44 s of English."""

FOOTNOTE = (
    "Latency runs from the moment a caption's last sample was spoken to the caption's arrival: the time a "
    "chunk takes to fill ({chunk:.0f} ms) counts. A final is known to be one only after a pause, which "
    "counts as far as it lies behind the final's end (see captions' segments.py); one that is cut for its "
    "length, without a pause, ends some time before the cut, which counts too."
)
FOOTNOTE_UNPACED = "Latency runs from when the chunk with a caption's last sample was handed to the client."


@dataclass
class Heard:
    """What came back: words (characters in Chinese) and finals, and seconds of latency of both kinds."""

    words: int = 0
    finals: int = 0
    partial_s: list[float] = field(default_factory=list)
    final_s: list[float] = field(default_factory=list)

    def take(self, caption: Caption, latency_s: float) -> None:
        """Counts a caption."""
        if caption.is_final:
            self.finals += 1
            self.words += len(tokens(caption.text, caption.language))
            self.final_s.append(latency_s)
        else:
            self.partial_s.append(latency_s)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf live`."""
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="WAV, FLAC, OGG or MP3 (default: 44 s of English, fetched once)")
    add("--pace", type=_pace, default=1.0, help="1 is real time, 0 as fast as it is served (%(default)s)")
    add("--language", default="auto", help="auto, en, zh, ... or candidates such as en,zh (%(default)s)")
    add("--out", type=Path, default=Path("build") / "live.json", help="where the result goes (%(default)s)")
    add("--json", action="store_true", help="print the result as JSON; captions go to stderr")


def run(options: argparse.Namespace) -> int:
    """Starts the server, plays the recording into a room, shows captions and then what they cost."""
    console = report.console(as_json=options.json)
    path = options.file or Library(progress=Progress(console)).path(MOONSHINE, RECORDING)
    with AudioFile(path) as audio:
        settings = {"file": path.name, "pace": options.pace, "language": options.language, "chunk_s": CHUNK_S}
        provenance = report.provenance(settings)
        with (
            console.status("starting Triton") as status,
            Triton(
                report.PROJECT / "model_repository", ["captions"], drain_s=2.0, progress=status.update
            ) as triton,
        ):
            status.stop()
            console.print(f"{path.name}: {audio.duration:.1f} s, language {options.language}, {triton.grpc}")
            meter = Meter(triton)
            playback = Playback(audio.blocks(CHUNK_S), audio.sample_rate, options.pace)
            heard = asyncio.run(_play(triton.grpc, playback, audio.sample_rate, options.language, console))
            costs = meter.read()
    result = summary(heard, costs, playback.duration, options.pace) | provenance
    report.save(options.out, result)
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        _show(console, result, costs, options.pace)
        console.print(f"the same as JSON: {options.out}")
    return 0


def summary(heard: Heard, costs: Costs, audio_s: float, pace: float) -> dict[str, object]:
    """What `build/live.json` holds.

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


async def _play(address: str, playback: Playback, rate: int, language: str, console: Console) -> Heard:
    heard = Heard()
    async with AsyncClient(address) as client:
        captions = client.captions(playback.chunks(), rate, language=language)
        with CaptionView(console) as view:
            async with aclosing(captions):
                async for caption in captions:
                    heard.take(caption, playback.since(caption.pts_end))
                    view.write(caption)
    return heard


def _show(console: Console, result: dict[str, object], costs: Costs, pace: float) -> None:
    table = Table(show_header=False, title="live room")
    table.add_row("audio", f"{result['audio_s']:.1f} s")
    table.add_row("words, finals, partials", f"{result['words']}, {result['finals']}, {result['partials']}")
    per = "CPU" if pace else "wall-clock"
    table.add_row("real-time factor", f"{result['real_time_factor']:.3f} ({per} seconds per second of audio)")
    for kind in ("partial", "final"):
        values = (result[f"{kind}_{name}_s"] for name in ("p50", "p95"))
        times = ("-" if value is None else f"{value:.2f} s" for value in values)
        table.add_row(f"{kind} latency p50, p95", ", ".join(times))
    console.print(table, models_table(costs))
    console.print(FOOTNOTE.format(chunk=1000 * CHUNK_S) if pace else FOOTNOTE_UNPACED, style="dim")


def models_table(costs: Costs) -> Table:
    """Per model: how often it ran, and the mean time of a request in its queue and at work."""
    table = Table(title="models")
    table.add_column("model", no_wrap=True)
    for heading in ("inferences", "batch", "queue ms", "compute ms", "total ms"):
        table.add_column(heading, justify="right")
    for model in costs.models:
        batch = model.inferences / max(model.executions, 1)
        times = (model.queue_ms, model.compute_ms, model.total_ms)
        cells = ("-" if each is None else f"{each:.2f}" for each in times)
        table.add_row(model.name, str(model.inferences), f"{batch:.1f}", *cells)
    return table


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = math.nan
    if not 0 <= pace < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 for real time, 0 for as fast as it is served")
    return pace
