"""A result of `perf asr` as people see it: who is ahead first."""

from collections.abc import Mapping, Sequence

from perf.report import Row, Section, Table, number

_RATES = ("ours_audio_s_per_s", "peer_audio_s_per_s")
_ERRORS = {"error": "wer_ours:.1%", "peer's": "wer_peer:.1%"}
_CLIPS = {
    "clip": "name",
    "s": "duration_s:.1f",
    "ours s": "ours_s:.3f",
    "peer s": "peer_s:.3f",
    "batched s": "peer_batched_s:.3f",
    "defaults s": "peer_default_s:.3f",
    "speed-up": "speedup",
} | _ERRORS
_CROWDS = {
    "clips": "concurrency",
    "audio s": "audio_s:.1f",
    "ours": f"{_RATES[0]}:.1f",
    "peer": f"{_RATES[1]}:.1f",
    "peer's way": "peer_way",
    "speed-up": "speedup",
} | _ERRORS
_STREAMS = (
    *(("rooms", "rooms"), ("", "who"), ("partial p50 s", "partial_p50_s"), ("p95", "partial_p95_s")),
    *(("final p50 s", "final_p50_s"), ("p95", "final_p95_s"), ("partials", "partials")),
    *(("finals", "finals"), ("error", "wer:.1%")),
)


def section(result: Row) -> Section:
    """A result of `perf asr`, as its JSON has it."""
    clips, crowds, streams = (result.get(name) or [] for name in ("clips", "crowds", "streams"))
    if not (clips or crowds or streams):
        raise RuntimeError("not a result of perf asr: it has no clips, crowds or streams")
    tables, notes = [], []
    if clips:
        tables.append(Table.of("asr through gRPC against faster-whisper", clips, _CLIPS))
        notes.append(
            "The peer's time is inside its own process, ours includes gRPC. Same weights, int8, greedy, as "
            "many threads; batched: its BatchedInferencePipeline; defaults: nothing set."
        )
    if crowds:
        tables.append(Table.of("clips at once: seconds of audio in a second", crowds, _CROWDS))
    if streams:
        sides = [_side(row, *side) for row in streams for side in (("ours", "ours"), ("peer", "WhisperLive"))]
        tables.append(Table.of("live rooms: captions against WhisperLive", sides, _STREAMS, left=[""]))
    if why := result.get("streams_not_measured"):
        notes.append(f"WhisperLive was not measured: {why}")
    return Section(
        title="Speech recognition against its peers",
        headline=_headline(clips, crowds, streams, missing=bool(why)),
        tables=tuple(tables),
        notes=tuple(notes),
    )


def _headline(clips: Sequence[Row], crowds: Sequence[Row], streams: Sequence[Row], *, missing: bool) -> str:
    """Where a peer is ahead, and if nowhere how far behind they are; what was not measured."""
    wins = [
        f"faster-whisper{how} on {row['name']} ({number(row[key])} s, ours {number(row['ours_s'])})"
        for row in clips
        for how, key in (("", "peer_s"), (" batched", "peer_batched_s"))
        if _before(row, key, "ours_s")
    ]
    wins += [
        f"faster-whisper with {row['concurrency']} clips at once" for row in crowds if _before(row, *_RATES)
    ]
    wins += [
        f"WhisperLive with {row['rooms']} rooms (p95 of partials)"
        for row in streams
        if _before(row, "peer_partial_p95_s", "ours_partial_p95_s")
    ]
    if wins:
        sentences = [f"Ahead of us: {', '.join(wins)}."]
    else:
        sentences = ["We are ahead of all."]
        if speedups := [row["speedup"] for row in clips]:
            sentences.append(
                f"A clip takes faster-whisper {min(speedups):.1f} to {max(speedups):.1f} times as long."
            )
    if missing:
        sentences.append("WhisperLive was not measured; see the notes.")
    return " ".join(sentences)


def _before(row: Row, less: str, more: str) -> bool:
    """Whether the one is below the other in the medians, and in every pair of runs where there are any.

    What never came is above everything.
    """
    one, other, runs = row[less], row[more], row.get("runs")
    if one is None or other is None:
        return one is not None
    pairs = zip(runs[less], runs[more], strict=True) if isinstance(runs, Mapping) else ()
    return bool(one < other and all(a < b for a, b in pairs))


def _side(row: Row, side: str, who: str) -> Row:
    """What the rooms of one side saw."""
    own = {name.removeprefix(f"{side}_"): value for name, value in row.items() if name.startswith(f"{side}_")}
    return own | {"rooms": row["rooms"], "who": who, "wer": row[f"wer_{side}"]}
