"""A result of `perf rooms` as it is shown, from its JSON alone."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from perf.rooms.section import section

GOOD = {
    "verdict": "",
    **{f"partial_{p}_s": 0.3 for p in ("p50", "p95", "p99")},
    **{f"final_{p}_s": 0.9 for p in ("p50", "p95", "p99")},
    "partial_spoken_p95_s": 0.5,
    "final_spoken_p99_s": 2.4,
    "partials_per_speech_s": 1.0,
    "words_share": 0.98,
    "sent_after_max_s": 0.1,
    "generator_lateness_p99_s": 0.004,
    "generator_cores": 0.1,
    "server_cores": 1.5,
    "memory_mb": 900.0,
    "lost": 0,
    "late": 0,
    "signals": {"queue_ms": 3.0, "pending": 0.5},
    "models": [
        {"name": "asr", "requests": 9, "inferences": 9, "executions": 9, "queue_ms": None, "compute_ms": None}
    ],
    "processes": [{"name": "tritonserver", "cpu_cores": 0.05, "memory_mb": 51.2}],
    "time": [{"part": "client", "ms": 3.0}, {"part": "captions", "ms": -0.5}],
}
MISSED = {**GOOD, "partial_p95_s": 1.2, "verdict": "p95 of partials is not below 1 s"}
UNKNOWN: dict[str, object] = {"server_cores": None, "memory_mb": None, "signals": None}
UNKNOWN |= {"models": [], "processes": [], "time": []}


def result(
    most: int | None, limited_by: str = "slo", cells: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    return {
        "kind": "rooms",
        "max_rooms": most,
        "max_rooms_spoken": None if most is None else 7,
        "limited_by": limited_by,
        "slo": {"partial_p95_s": 1.0, "final_p99_s": 2.0, "lost": 0},
        "profile": {"name": "mixed", "description": "two languages"},
        "curve": [{**GOOD, "rooms": 8, **cells}, {**MISSED, "rooms": 9, **cells}],
    }


def test_a_result_is_drawn() -> None:
    drawn = section(result(8))
    assert drawn.headline.startswith("8 rooms keep p95 of partials < 1 s, p99 of finals < 2 s, nothing lost.")
    assert "last sample was spoken: 7." in drawn.headline
    assert [cells[-1] for cells in drawn.tables[0].rows] == ["kept", "p95 of partials is not below 1 s"]
    assert all(len(cells) == len(table.columns) for table in drawn.tables for cells in table.rows)
    assert ("tritonserver", "0.050", "51") in drawn.tables[2].rows
    assert drawn.tables[-1].rows[-1] == ("all", "2.5", "100%")
    assert [figure.name for figure in drawn.figures] == ["latency", "cpu"]
    assert all(figure.png().startswith(b"\x89PNG") for figure in drawn.figures)


def test_rooms_with_video_have_a_table_and_a_figure_of_their_frames() -> None:
    seen: dict[str, object] = {f"frame_{p}_s": 0.25 for p in ("p50", "p95", "p99")}
    seen |= {"frames_per_s": 31.5, "frames_sent": 1800, "frames_dropped_share": 0.125}
    shown = result(8, cells=seen)
    shown["slo"] = {"partial_p95_s": 1.0, "final_p99_s": 2.0, "frame_p95_s": 0.5}
    drawn = section(shown)
    assert "p95 of frames < 0.5 s" in drawn.headline
    assert drawn.tables[1].rows[0] == ("8", "31.5", "0.25", "0.25", "0.25", "12%")
    assert [figure.name for figure in drawn.figures] == ["latency", "frames", "cpu"]
    assert drawn.figures[1].png().startswith(b"\x89PNG")


def test_of_a_server_that_was_not_started_here_only_what_rooms_saw_is_drawn() -> None:
    drawn = section(result(8, cells=UNKNOWN))
    assert len(drawn.tables) == 2
    assert [figure.name for figure in drawn.figures] == ["latency"]


@pytest.mark.parametrize(
    ("most", "limited_by", "words"),
    [
        (0, "slo", "Not even 8 rooms keep p95"),
        (8, "rooms", "At least 8 rooms keep"),
        (8, "minutes", "There was no time for another step."),
        (8, "interrupted", "It was interrupted"),
        (None, "generator", "No number of rooms is claimed: the load generator was late"),
    ],
)
def test_a_headline_claims_no_more_than_was_seen(most: int | None, limited_by: str, words: str) -> None:
    assert words in section(result(most, limited_by)).headline
