"""What `perf asr` says first, and where a number of clips or rooms is called lost."""

import pytest

from perf.asr.section import section


def clip(peer_s: float, batched_s: float) -> dict[str, object]:
    runs = {"ours_s": [0.4, 0.5], "peer_s": [peer_s] * 2, "peer_batched_s": [batched_s] * 2}
    row: dict[str, object] = {"name": "beckett", "duration_s": 10.0, "ours_s": 0.45, "peer_s": peer_s}
    row |= {"peer_batched_s": batched_s, "peer_default_s": 2.0, "speedup": peer_s / 0.45, "runs": runs}
    return row | {"wer_ours": 0.08, "wer_peer": 0.08}


def crowd(ours: float, peer: float) -> dict[str, object]:
    row: dict[str, object] = {"concurrency": 4, "audio_s": 40.0, "peer_way": "batched"}
    row |= {
        "speedup": ours / peer,
        "ours_audio_s_per_s": ours,
        "peer_audio_s_per_s": peer,
        "wer_ours": 0.1,
        "wer_peer": 0.1,
    }
    return row | {"runs": {"ours_audio_s_per_s": [ours], "peer_audio_s_per_s": [peer]}}


def stream(ours_s: float | None, peer_s: float | None) -> dict[str, object]:
    row: dict[str, object] = {"rooms": 2, "wer_ours": 0.0, "wer_peer": 0.0}
    for side, seconds in (("ours", ours_s), ("peer", peer_s)):
        row |= {f"{side}_{kind}_{p}_s": seconds for kind in ("partial", "final") for p in ("p50", "p95")}
        row |= {f"{side}_partials": 3, f"{side}_finals": 2}
    return row


def test_the_first_line_says_that_nobody_is_ahead_and_by_how_much() -> None:
    result = {"clips": [clip(0.9, 1.8)], "crowds": [crowd(40, 20)], "streams": [stream(0.2, 1.5)]}
    shown = section(result)
    assert shown.headline == "We are ahead of all. A clip takes faster-whisper 2.0 to 2.0 times as long."
    assert len(shown.tables) == 3
    assert all(len(row) == len(table.columns) for table in shown.tables for row in table.rows)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"clips": [clip(0.3, 0.9)]}, "Ahead of us: faster-whisper on beckett (0.30 s, ours 0.45)."),
        ({"clips": [clip(0.9, 0.3)]}, "Ahead of us: faster-whisper batched on beckett (0.30 s, ours 0.45)."),
        ({"clips": [clip(0.44, 0.9)]}, "We are ahead of all."),  # not in every run
        ({"crowds": [crowd(20, 40)]}, "Ahead of us: faster-whisper with 4 clips at once."),
        ({"streams": [stream(1.5, 0.2)]}, "Ahead of us: WhisperLive with 2 rooms (p95 of partials)."),
        ({"streams": [stream(None, 1.5)]}, "Ahead of us: WhisperLive with 2 rooms (p95 of partials)."),
        ({"streams": [stream(0.2, None)]}, "We are ahead of all."),
    ],
)
def test_the_first_line_says_who_is_ahead(result: dict[str, object], said: str) -> None:
    assert section(result).headline.startswith(said)


def test_why_somebody_was_not_measured_is_told() -> None:
    why = "the environment of whisper-live can't be made: pip said: no"
    shown = section({"crowds": [crowd(40, 20)], "streams": [], "streams_not_measured": why})
    assert "WhisperLive was not measured" in shown.headline
    assert any(why in note for note in shown.notes)


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(RuntimeError, match="not a result of perf asr"):
        section({"rooms": []})
