"""Many clips at once: `asr`, whose requests are batched where they meet, against faster-whisper's batches."""

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from liveroom import Client

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from perf.asr.comparison import REST_S
from perf.asr.faster_whisper import SAME_JOB, SAME_JOB_BATCHED, FasterWhisper

SIZES = (1, 4, 8)


def compare(
    address: str,
    peer: FasterWhisper,
    clips: Sequence[Clip],
    sizes: Sequence[int],
    repetitions: int,
    advance: Callable[[str], None],
) -> list[dict[str, object]]:
    """A row per number of clips (`concurrency`), of one language: seconds of audio transcribed in a second.

    Ours gets them from as many callers at the same moment. The peer gets all of them in one call, without
    what a server in front of it would cost: as one batch of its batched pipeline, and one after the other,
    which on a CPU can be the faster way. The faster one counts.
    """
    rows = []
    for size in sizes:
        crowd = list(itertools.islice(itertools.cycle(clips), size))
        audio_s = sum(clip.seconds for clip in crowd)
        with ThreadPoolExecutor(size) as pool, Client(address) as client:
            ways = {
                "ours": partial(_ours, pool, client, crowd),
                "peer_batched": partial(_theirs, peer, crowd, SAME_JOB_BATCHED, size),
                "peer_in_turn": partial(_theirs, peer, crowd, SAME_JOB, None),
            }
            rates: dict[str, list[float]] = {name: [] for name in ways}
            wer = {}
            for _ in range(repetitions + 1):
                for name, way in ways.items():
                    texts, seconds = way()
                    rates[name].append(round(audio_s / seconds, 3))
                    spoken = [(clip.text, text) for clip, text in zip(crowd, texts, strict=True)]
                    wer[name] = round(error_rate(spoken, clips[0].language), 4)
                    time.sleep(REST_S)
                advance(f"clips at once: {size}")
        rows.append(_row(size, audio_s, {name: runs[1:] for name, runs in rates.items()}, wer))
    return rows


def _ours(pool: ThreadPoolExecutor, client: Client, crowd: Sequence[Clip]) -> tuple[list[str], float]:
    def call(clip: Clip) -> str:
        return client.transcribe(clip.audio, SAMPLE_RATE, language=clip.language).text

    began = time.perf_counter()
    texts = list(pool.map(call, crowd))
    return texts, time.perf_counter() - began


def _theirs(
    peer: FasterWhisper, crowd: Sequence[Clip], options: Mapping[str, object], batch: int | None
) -> tuple[list[str], float]:
    return peer.transcribe(crowd, {**options, "language": crowd[0].language}, batch=batch)


def _row(
    size: int, audio_s: float, rates: Mapping[str, list[float]], wer: Mapping[str, float]
) -> dict[str, object]:
    best = max(("peer_batched", "peer_in_turn"), key=lambda name: statistics.median(rates[name]))
    sides = {"ours": rates["ours"], "peer": rates[best]}
    speedups = [round(ours / theirs, 3) for ours, theirs in zip(*sides.values(), strict=True)]
    return {
        "concurrency": size,
        "audio_s": round(audio_s, 2),
        **{f"{name}_audio_s_per_s": round(statistics.median(runs), 3) for name, runs in sides.items()},
        "speedup": round(statistics.median(speedups), 3),
        "peer_way": "batched" if best == "peer_batched" else "one after the other",
        "wer_ours": wer["ours"],
        "wer_peer": wer[best],
        "runs": {f"{name}_audio_s_per_s": runs for name, runs in (sides | dict(rates)).items()}
        | {"speedup": speedups},
    }
