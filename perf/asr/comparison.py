"""`asr` through gRPC against faster-whisper: the same clips in turn, medians, error rates."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from liveroom import Client

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from perf.asr.faster_whisper import BATCH, DEFAULTS, SAME_JOB, SAME_JOB_BATCHED, FasterWhisper

Row = Mapping[str, object]
Turn = Callable[[Clip], tuple[str, float]]
"""Transcribes a clip: its text, and the seconds that took."""
REST_S = 0.3
"""Between two runs, so that threads of the one that still spin do not slow the other."""
_TWO_CITIES_S = 29.7
"""Into a pause of the recording ..."""
_TWO_CITIES_END = "direct the other way"
"""... which comes after these words."""
_LIBRIVOX_SHORT = ("librivox-0920", "librivox-0930")
_GAP_S = 0.5


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
    client: Client,
    peer: FasterWhisper,
    clips: Sequence[Clip],
    repetitions: int,
    advance: Callable[[str], None],
) -> list[dict[str, object]]:
    """A row per clip: everyone transcribes it in turn, `repetitions` times after a run that is not counted.

    Times are of one caller who waits for each answer: ours from the call to the answer, gRPC included; the
    peer's inside its own process. `peer` does the same job as ours, `peer_batched` with its batched pipeline,
    `peer_default` has nothing set. Error rates are of words; of characters in Chinese.

    Args:
        client: of our server.
        peer: running.
        clips: what is transcribed.
        repetitions: rounds that count.
        advance: is told the clip after each round of turns.
    """
    turns = {"ours": _ours(client), "peer": _theirs(peer, SAME_JOB)}
    turns["peer_batched"] = _theirs(peer, SAME_JOB_BATCHED, batch=BATCH)
    turns["peer_default"] = _theirs(peer, DEFAULTS)
    rows = []
    for clip in clips:
        times: dict[str, list[float]] = {name: [] for name in turns}
        texts = {}
        for _ in range(repetitions + 1):
            for name, turn in turns.items():
                texts[name], seconds = turn(clip)
                times[name].append(round(seconds, 4))
                time.sleep(REST_S)
            advance(clip.name)
        rows.append(_row(clip, {name: runs[1:] for name, runs in times.items()}, texts))
    return rows


def error_rates(clips: Sequence[Clip], rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Over all clips of a language together."""
    rates = {}
    for language in dict.fromkeys(clip.language for clip in clips):
        spoken = [(c.text, row) for c, row in zip(clips, rows, strict=True) if c.language == language]
        rates[language] = {
            side: round(error_rate([(text, str(row[f"text_{side}"])) for text, row in spoken], language), 4)
            for side in ("ours", "peer")
        }
    return rates


def _ours(client: Client) -> Turn:
    def turn(clip: Clip) -> tuple[str, float]:
        began = time.perf_counter()
        transcript = client.transcribe(clip.audio, SAMPLE_RATE, language=clip.language)
        return transcript.text, time.perf_counter() - began

    return turn


def _theirs(peer: FasterWhisper, options: Mapping[str, object], batch: int | None = None) -> Turn:
    def turn(clip: Clip) -> tuple[str, float]:
        language = {"language": clip.language} if options else {}
        (text,), seconds = peer.transcribe([clip], {**options, **language}, batch=batch)
        return text.strip(), seconds

    return turn


def _row(clip: Clip, times: Mapping[str, list[float]], texts: Mapping[str, str]) -> dict[str, object]:
    median = {name: statistics.median(runs) for name, runs in times.items()}
    rates = {name: error_rate([(clip.text, text)], clip.language) for name, text in texts.items()}
    return {
        "name": clip.name,
        "language": clip.language,
        "duration_s": round(clip.seconds, 2),
        **{f"{name}_s": round(seconds, 4) for name, seconds in median.items()},
        "speedup": round(median["peer"] / median["ours"], 3),
        **{f"wer_{name}": round(rate, 4) for name, rate in rates.items()},
        "text_ours": texts["ours"],
        "text_peer": texts["peer"],
        "runs": {
            **{f"{name}_s": runs for name, runs in times.items()},
            "speedup": [round(b / a, 3) for a, b in zip(times["ours"], times["peer"], strict=True)],
        },
    }
