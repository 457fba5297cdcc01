"""`asr` through gRPC against faster-whisper: the same clips in turn, medians, error rates."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from liveroom import Client
from numpy.typing import NDArray
from rich.progress import Progress
from rich.table import Table

from exporters.speech import SAMPLE_RATE, Clip
from exporters.wer import error_rate
from perf.asr.faster_whisper import DEFAULTS, SAME_JOB, FasterWhisper

REST_S = 0.3
"""Between two runs, so that threads of the one that still spin do not slow the other."""
_TWO_CITIES_S = 29.7
"""Into a pause of the recording ..."""
_TWO_CITIES_END = "direct the other way"
"""... which comes after these words."""
_LIBRIVOX_SHORT = ("librivox-0920", "librivox-0930")
_GAP_S = 0.5


@dataclass(frozen=True)
class Row:
    """One clip: medians in seconds, and error rates (of words; of characters in Chinese)."""

    name: str
    language: str
    duration_s: float
    ours_s: float
    peer_s: float
    peer_default_s: float
    speedup: float
    wer_ours: float
    wer_peer: float
    wer_peer_default: float
    text_ours: str
    text_peer: str
    runs_ours_s: tuple[float, ...]
    runs_peer_s: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """All clips, and the error rates over all clips of a language together."""

    clips: tuple[Row, ...]
    error_rates: dict[str, dict[str, float]]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def selection(clips: Sequence[Clip]) -> list[Clip]:
    """Clips of about 10 s and about 30 s, cut from or joined of those that there are."""
    named = {clip.name: clip for clip in clips}
    cities = named["two_cities"]
    before, mark, _ = cities.text.partition(_TWO_CITIES_END)
    if not mark:
        raise ValueError(f"the transcript of two_cities lacks {_TWO_CITIES_END!r}, where its audio is cut")
    librivox = [clip for clip in clips if clip.name.startswith("librivox-")]
    return [
        named["beckett"],
        joined("librivox-10s", [named[name] for name in _LIBRIVOX_SHORT]),
        Clip("two_cities-30s", cities.audio[: round(_TWO_CITIES_S * SAMPLE_RATE)], before + mark, "en"),
        joined("librivox-30s", librivox),
        joined("zh-10s", [clip for clip in clips if clip.language == "zh"]),
    ]


def joined(name: str, clips: Sequence[Clip]) -> Clip:
    """Clips of one language as one, with half a second of silence between them."""
    gap = np.zeros(round(_GAP_S * SAMPLE_RATE), np.float32)
    parts = [part for clip in clips for part in (clip.audio, gap)][:-1]
    return Clip(name, np.concatenate(parts), " ".join(clip.text for clip in clips), clips[0].language)


def compare(
    client: Client, peer: FasterWhisper, clips: Sequence[Clip], repetitions: int, progress: Progress
) -> Comparison:
    """Transcribes every clip with both in turn, `repetitions` times after a run of each that is not counted.

    The peer's default settings are measured in a third turn. Times are of one caller who waits for each
    answer: ours from the call to the answer, gRPC included; the peer's inside its own process.
    """
    rows = []
    task = progress.add_task("", total=len(clips) * (repetitions + 1))
    for clip in clips:
        progress.update(task, description=clip.name)
        same = {**SAME_JOB, "language": clip.language}
        times: dict[str, list[float]] = {"ours": [], "peer": [], "default": []}
        texts = {}
        for _ in range(repetitions + 1):
            texts["ours"], seconds = _ours(client, clip.audio, clip.language)
            times["ours"].append(seconds)
            time.sleep(REST_S)
            for name, options in (("peer", same), ("default", DEFAULTS)):
                texts[name], seconds = peer.transcribe(clip.name, clip.audio, options)
                times[name].append(seconds)
                time.sleep(REST_S)
            progress.advance(task)
        rows.append(_row(clip, {name: runs[1:] for name, runs in times.items()}, texts))
    return Comparison(tuple(rows), _error_rates(clips, rows))


def table(comparison: Comparison) -> Table:
    """For people; "defaults" are the peer with nothing set."""
    view = Table(title="asr through gRPC against faster-whisper (int8, greedy, same weights)")
    view.add_column("clip", no_wrap=True)
    for heading in ("s", "ours s", "peer s", "speed-up", "error ours", "peer", "defaults s", "error"):
        view.add_column(heading, justify="right")
    for row in comparison.clips:
        view.add_row(
            row.name,
            f"{row.duration_s:.1f}",
            f"{row.ours_s:.3f}",
            f"{row.peer_s:.3f}",
            f"{row.speedup:.2f}x",
            f"{row.wer_ours:.1%}",
            f"{row.wer_peer:.1%}",
            f"{row.peer_default_s:.3f}",
            f"{row.wer_peer_default:.1%}",
        )
    view.caption = "; ".join(
        f"{language}: {rates['ours']:.2%} ours, {rates['peer']:.2%} peer"
        for language, rates in comparison.error_rates.items()
    )
    return view


def _ours(client: Client, audio: NDArray[np.float32], language: str) -> tuple[str, float]:
    began = time.perf_counter()
    transcript = client.transcribe(audio, SAMPLE_RATE, language=language)
    return transcript.text, time.perf_counter() - began


def _row(clip: Clip, times: dict[str, list[float]], texts: dict[str, str]) -> Row:
    median = {name: statistics.median(runs) for name, runs in times.items()}
    rate = {name: error_rate([(clip.text, text)], clip.language) for name, text in texts.items()}
    return Row(
        name=clip.name,
        language=clip.language,
        duration_s=round(clip.seconds, 2),
        ours_s=round(median["ours"], 4),
        peer_s=round(median["peer"], 4),
        peer_default_s=round(median["default"], 4),
        speedup=round(median["peer"] / median["ours"], 3),
        wer_ours=round(rate["ours"], 4),
        wer_peer=round(rate["peer"], 4),
        wer_peer_default=round(rate["default"], 4),
        text_ours=texts["ours"],
        text_peer=texts["peer"].strip(),
        runs_ours_s=tuple(round(each, 4) for each in times["ours"]),
        runs_peer_s=tuple(round(each, 4) for each in times["peer"]),
    )


def _error_rates(clips: Sequence[Clip], rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    rates = {}
    for language in dict.fromkeys(clip.language for clip in clips):
        spoken = [(c.text, r) for c, r in zip(clips, rows, strict=True) if c.language == language]
        rates[language] = {
            "ours": round(error_rate([(text, row.text_ours) for text, row in spoken], language), 4),
            "peer": round(error_rate([(text, row.text_peer) for text, row in spoken], language), 4),
        }
    return rates
