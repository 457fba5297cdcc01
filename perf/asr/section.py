"""A result of `perf asr` as people see it: who is ahead first."""

from collections.abc import Mapping, Sequence

from perf.report import Section, Table, number

Row = Mapping[str, object]


def section(result: Mapping[str, object]) -> Section:
    """A result of `perf asr`, as its JSON has it."""
    clips, crowds, streams = (_rows(result, name) for name in ("clips", "crowds", "streams"))
    if not (clips or crowds or streams):
        raise RuntimeError("not a result of perf asr: it has no clips, crowds or streams")
    tables = [_clips(clips)] * bool(clips) + [_crowds(crowds)] * bool(crowds)
    tables += [_streams(streams)] * bool(streams)
    notes = []
    if clips:
        notes.append(
            "The peer's time is inside its own process, ours includes gRPC. Same weights, int8, greedy, as "
            "many threads; batched: its BatchedInferencePipeline; defaults: nothing set."
        )
    if why := result.get("streams_not_measured"):
        notes.append(f"WhisperLive was not measured: {why}")
    return Section(
        title="Speech recognition against its peers",
        headline=_headline(clips, crowds, streams, bool(why)),
        tables=tuple(tables),
        notes=tuple(notes),
    )


def _headline(clips: Sequence[Row], crowds: Sequence[Row], streams: Sequence[Row], missing: bool) -> str:
    """Where a peer is ahead, and if nowhere how far behind they are; what was not measured."""
    wins = [
        f"faster-whisper{how} on {row['name']} ({number(_number(row, key))} s, "
        f"ours {number(_number(row, 'ours_s'))})"
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
        if speedups := [_number(row, "speedup") or 0.0 for row in clips]:
            sentences.append(
                f"A clip takes faster-whisper {min(speedups):.1f} to {max(speedups):.1f} times as long."
            )
    if missing:
        sentences.append("WhisperLive was not measured; see the notes.")
    return " ".join(sentences)


_RATES = ("ours_audio_s_per_s", "peer_audio_s_per_s")


def _before(row: Row, less: str, more: str) -> bool:
    """Whether the one is below the other in the medians, and in every pair of runs where there are any.

    What never came is above everything.
    """
    one, other = _number(row, less), _number(row, more)
    if one is None or other is None:
        return one is not None
    runs = row.get("runs")
    pairs = zip(runs[less], runs[more], strict=True) if isinstance(runs, Mapping) else ()
    return one < other and all(a < b for a, b in pairs)


def _clips(rows: Sequence[Row]) -> Table:
    seconds = ("ours_s", "peer_s", "peer_batched_s", "peer_default_s")
    return Table(
        title="asr through gRPC against faster-whisper",
        columns=("clip", "s", "ours s", "peer s", "batched s", "defaults s", "speed-up", "error", "peer's"),
        rows=tuple(
            (
                str(row["name"]),
                number(_number(row, "duration_s"), 1),
                *(number(_number(row, key), 3) for key in seconds),
                f"{number(_number(row, 'speedup'))}x",
                f"{_number(row, 'wer_ours') or 0:.1%}",
                f"{_number(row, 'wer_peer') or 0:.1%}",
            )
            for row in rows
        ),
    )


def _crowds(rows: Sequence[Row]) -> Table:
    return Table(
        title="clips at once: seconds of audio in a second",
        columns=("clips", "audio s", "ours", "peer", "peer's way", "speed-up", "error", "peer's"),
        rows=tuple(
            (
                str(row["concurrency"]),
                number(_number(row, "audio_s"), 1),
                *(number(_number(row, key), 1) for key in _RATES),
                str(row["peer_way"]),
                f"{number(_number(row, 'speedup'))}x",
                f"{_number(row, 'wer_ours') or 0:.1%}",
                f"{_number(row, 'wer_peer') or 0:.1%}",
            )
            for row in rows
        ),
    )


def _streams(rows: Sequence[Row]) -> Table:
    return Table(
        title="live rooms: captions against WhisperLive",
        columns=("rooms", "", "partial p50 s", "p95", "final p50 s", "p95", "partials", "finals", "error"),
        rows=tuple(
            (
                str(row["rooms"]),
                name,
                *(
                    number(_number(row, f"{side}_{kind}_{percentile}_s"))
                    for kind in ("partial", "final")
                    for percentile in ("p50", "p95")
                ),
                str(row[f"{side}_partials"]),
                str(row[f"{side}_finals"]),
                f"{_number(row, f'wer_{side}') or 0:.1%}",
            )
            for row in rows
            for side, name in (("ours", "ours"), ("peer", "WhisperLive"))
        ),
        left=frozenset({""}),
    )


def _rows(result: Mapping[str, object], name: str) -> list[Row]:
    rows = result.get(name)
    return rows if isinstance(rows, list) else []


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None
