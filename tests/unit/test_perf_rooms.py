"""When a number of rooms counts as carried: latency, what is lost, the verdict, and the search."""

from dataclasses import replace

import pytest
from liveroom import Caption

from perf.load.server_costs import ModelCost
from perf.rooms.breakdown import breakdown, signals
from perf.rooms.capacity_search import ladder, search
from perf.rooms.latency import Decided
from perf.rooms.measurement import Measurement
from perf.rooms.messages import Ended, Heard, Pulse, Seen, decode, encode
from perf.rooms.observation import Observation, Server
from perf.rooms.profile import Profile
from perf.rooms.rows import Row, row
from perf.rooms.schedule import Join, Times
from perf.rooms.slo import Slo
from perf.rooms.slo_check import LATE_GENERATOR, carried, combined, verdict
from perf.rooms.solo_baseline import Solo, lost

SLO = Slo()
TIMES = Times(measured=10.0, ramp=2.0, settle=1.0, cool_down=1.0)
SOLO = Solo(((0.0, 4.0), (5.0, 7.0), (8.0, 14.0)), 30)


def good(rooms: int = 2) -> Row:
    latencies = {
        f"{name}_{p}_s": seconds
        for name in ("partial", "final", "partial_spoken", "final_spoken")
        for p, seconds in (("p50", 0.3), ("p95", 0.8), ("p99", 0.9))
    }
    rest = {"generator_lateness_p99_s": 0.004, "partials_per_speech_s": 1.0, "words_share": 0.98}
    costs = {"generator_cores": 0.1, "server_cores": 1.5, "memory_mb": 900.0, "sent_after_max_s": 0.1}
    return Row(rooms, latencies | rest | costs, 0, 0, 0, partials=90, finals=20, spoken_s=90.0)


def bad(rooms: int = 2, **measures: float | None) -> Row:
    return replace(good(rooms), measures={**good().measures, **measures})


def caption(kind: str, start: float, end: float) -> Caption:
    return Caption("final" if kind == "final" else "partial", "so it goes", "so", start, end, "en", 0.0)


def test_a_final_counts_from_when_its_segment_was_last_known_to_be_open() -> None:
    decided = Decided()
    assert decided.pts(caption("final", 0.0, 4.0)) == 4.0, "ended by a pause, no partial before"
    assert decided.pts(caption("partial", 5.0, 16.4)) == 16.4
    assert decided.pts(caption("final", 5.0, 14.5)) == 16.4, "cut back: it was still open at 16.4"
    assert decided.pts(caption("final", 14.5, 15.0)) == 15.0, "an older segment's partial says nothing of it"
    assert decided.pts(caption("partial", 20.0, 21.0)) == 21.0
    assert decided.pts(caption("final", 20.0, 22.0)) == 22.0


@pytest.mark.parametrize(
    ("spans", "words", "failed", "expected"),
    [
        (SOLO.finals, 30, False, 0),
        (((0.0, 7.5), (7.5, 13.0)), 28, False, 0),  # cut elsewhere
        (((0.0, 4.0), (8.0, 14.0)), 25, False, 1),
        (((0.0, 1.9), (8.0, 10.9)), 20, False, 3),
        ((), 0, False, 3),
        (((0.0, 4.0),), 10, True, 2),
        (SOLO.finals, 30, True, 1),  # it failed with its last word said
        (SOLO.finals, 14, False, 1),  # all of the time covered, by half the words
        (((0.0, 20.0),), 90, False, 0),
    ],
)
def test_lost_are_finals_of_a_room_alone_whose_time_nothing_covers(
    spans: tuple[tuple[float, float], ...], words: int, failed: bool, expected: int
) -> None:
    assert lost(SOLO, Solo(spans, words), failed=failed) == expected


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        (good(), ""),
        (bad(partial_p95_s=1.0), "p95 of partials is not below 1 s"),
        (bad(partial_p95_s=None), "no partials came"),
        (replace(bad(partial_p95_s=None), spoken_s=0.0), ""),
        (bad(final_p99_s=2.0), "p99 of finals is not below 2 s"),
        (bad(final_p99_s=None), ""),
        (replace(good(), lost=1), "finals lost: 1"),
        (replace(good(), failed=1, lost=3), "rooms failed: 1"),
        (bad(words_share=0.89), "less than 90% of the words came"),
        (bad(partials_per_speech_s=0.79), "partials come too seldom"),
        (bad(generator_lateness_p99_s=0.051), LATE_GENERATOR),
        (bad(generator_lateness_p99_s=None), LATE_GENERATOR),
        (bad(partial_spoken_p95_s=5.0), ""),
        (bad(frame_p95_s=0.49, frames_dropped_share=0.9), ""),
        (bad(frame_p95_s=0.5), "p95 of frames is not below 0.5 s"),
    ],
)
def test_verdicts(measured: Row, why: str) -> None:
    assert verdict(measured, SLO, good(1)) == why


def test_limits_are_the_users_and_the_stricter_latency_can_be_judged_too() -> None:
    assert verdict(bad(partial_p95_s=1.5), Slo(partial_p95_s=2.0)) == ""
    assert verdict(bad(partial_spoken_p95_s=1.5), SLO, spoken=True) == "p95 of partials is not below 1 s"


def test_dropped_frames_are_a_fault_only_beyond_the_share_that_is_allowed() -> None:
    dropped = bad(frames_dropped_share=0.3)
    assert verdict(dropped, SLO) == verdict(dropped, Slo(frames_dropped=0.3)) == ""
    assert verdict(dropped, Slo(frames_dropped=0.2)) == "more than 20% of the frames dropped"


def test_repeated_runs_are_medians_and_nothing_bad_is_averaged_away() -> None:
    runs = [bad(partial_p95_s=p95) for p95 in (0.5, 0.9, 0.7)]
    runs[1] = replace(runs[1], lost=2, measures={**runs[1].measures, "generator_lateness_p99_s": 0.2})
    both = combined(runs)
    assert both.measures["partial_p95_s"] == 0.7
    assert both.runs["partial_p95_s"] == (0.5, 0.9, 0.7)
    assert both.lost == 2
    assert verdict(both, SLO) == LATE_GENERATOR
    assert combined(runs[:1]) == runs[0]
    assert "runs" not in runs[0].to_json()


def test_carried_is_what_all_smaller_numbers_were_too() -> None:
    broken = bad(6, partial_p95_s=1.2)
    assert carried([good(1), good(4), broken, good(8)], SLO) == 4
    assert carried([broken], SLO) == 0
    late = bad(6, generator_lateness_p99_s=0.1)
    assert carried([good(1), good(4), late], SLO) is None
    assert carried([good(1), bad(4, partial_p95_s=1.2), late], SLO) == 1


@pytest.mark.parametrize(
    ("rows", "bound", "most", "limited_by"),
    [
        ([good(1), good(2)], "", 2, "rooms"),
        ([good(4), good(1), bad(2, partial_p95_s=1.2)], "", 1, "slo"),
        ([good(1), good(2)], "minutes", 2, "minutes"),
        ([good(1), bad(2, partial_p95_s=1.2)], "interrupted", 1, "interrupted"),
        ([good(1), bad(2, generator_lateness_p99_s=0.2)], "generator", None, "generator"),
        ([good(1), bad(2, final_p99_s=3.0), bad(4, generator_lateness_p99_s=0.2)], "generator", 1, "slo"),
    ],
)
def test_a_result_says_why_there_are_not_more_rooms(
    rows: list[Row], bound: str, most: int | None, limited_by: str
) -> None:
    judged = [replace(each, verdict=verdict(each, SLO)) for each in rows]
    profile = Profile("mixed", ())
    done = Measurement(Server(""), profile, SLO, TIMES, 1, 1, 1.0, lambda *_: print, print, bound, judged)
    result = done.to_json()
    assert (result["max_rooms"], result["limited_by"]) == (most, limited_by)
    curve = result["curve"]
    assert isinstance(curve, list)
    assert [each["rooms"] for each in curve] == sorted(each.rooms for each in rows)


@pytest.mark.parametrize("limit", range(41))
def test_the_search_is_exact_and_short(limit: int) -> None:
    asked: list[int] = []

    def carries(rooms: int) -> bool:
        asked.append(rooms)
        return rooms <= limit

    search(carries, list(ladder(32)))
    kept = [rooms for rooms in asked if rooms <= limit]
    assert max(kept, default=0) == min(limit, 32)
    assert limit >= 32 or limit + 1 in asked, "not shown to be the largest"
    assert len(asked) == len(set(asked)) <= 13


def test_the_ladder_ends_at_the_most_that_may_be_tried() -> None:
    assert list(ladder(1)) == [1]
    assert list(ladder(7)) == [1, 2, 4, 6, 7]
    assert list(ladder(70)) == [1, 2, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 70]


def heard(room: int, kind: str, start: float, end: float, due_s: float, latency_s: float) -> Heard:
    return Heard(room, kind, start, end, 10, due_s, latency_s, latency_s + 0.1)


def test_a_row_is_of_the_measured_window_and_of_the_generators_words() -> None:
    seen = Observation(
        heard=[
            heard(0, "partial", 0.0, 2.0, 2.9, 9.0),  # before the window, which is 3 to 13
            heard(0, "partial", 0.0, 3.0, 3.1, 0.2),
            heard(0, "partial", 0.0, 4.0, 4.1, 1.4),
            heard(0, "final", 0.0, 4.0, 4.2, 0.5),
            heard(0, "final", 5.0, 7.0, 7.2, 2.5),
            heard(0, "final", 8.0, 14.0, 14.2, 7.0),  # after it, but not lost
        ],
        pulses=[
            Pulse(2.0, (0.5,), (0.5,), 0.5),
            Pulse(5.0, (0.001,), (0.1, 0.3), 0.002),
            Pulse(6.0, (0.002,), (0.2,), None),
        ],
        errors={1: "RoomClosed: gone"},
    )
    joins = [Join(0, 0, 0, 0.0), Join(1, 0, 1, 0.5)]
    found = row(seen, joins, {(0, 0): SOLO, (0, 1): SOLO}, TIMES, SLO)
    assert (found.rooms, found.partials, found.finals, found.late, found.failed) == (2, 2, 2, 2, 1)
    assert found.lost == 3, "all that the failed room had to say"
    assert found.measures["partial_p50_s"] == pytest.approx(0.8)
    assert found.measures["final_spoken_p50_s"] == pytest.approx(1.6)
    assert found.measures["generator_lateness_p99_s"] == pytest.approx(0.002, abs=1e-4)
    assert found.measures["sent_after_max_s"] == 0.3
    assert found.measures["words_share"] == 0.5
    assert found.spoken_s == pytest.approx(2 * 12 * 10 / 14, abs=0.1)
    assert found.measures["server_cores"] is None
    assert found.signals is None


def test_frames_are_counted_where_they_were_taken_and_dropped() -> None:
    seen = Observation(
        seen=[
            Seen(0, due_s, latency_s, 1)
            for due_s, latency_s in ((2.9, 9.0), (3.0, 0.1), (4.0, 0.7), (13.0, 9.0))
        ],
        pulses=[
            Pulse(2.0, (), (), None, 5, 5),
            Pulse(4.0, (), (), None, 10, 2),
            Pulse(5.0, (), (), None, 10, 3),
        ],
    )
    found = row(seen, [Join(0, 0, 0, 0.0)], {(0, 0): Solo((), 0)}, TIMES, SLO)
    assert found.measures["frame_p50_s"] == pytest.approx(0.4)
    assert (found.measures["frames_sent"], found.measures["frames_dropped_share"]) == (20, 0.25)
    assert found.measures["frames_per_s"] == 1.5
    assert (found.late, found.lost, found.time) == (1, 0, ())
    unseen = row(Observation(), [Join(0, 0, 0, 0.0)], {(0, 0): Solo((), 0)}, TIMES, SLO)
    assert "frames_per_s" not in unseen.measures


def test_messages_survive_the_way_between_processes() -> None:
    told = (heard(1, "final", 0.0, 1.0, 2.0, 0.3), Seen(1, 2.0, 0.1, 2), Ended(2, "RoomClosed: 你好"))
    for message in told:
        line = encode(message)
        assert "\n" not in line
        assert decode(line) == message
    pulse = decode(encode(Pulse(1.0, (0.1,), (), None)))
    assert isinstance(pulse, Pulse)
    assert list(pulse.lateness_s) == [0.1]


def cost(name: str, requests: int, queue_ms: float, compute_ms: float) -> ModelCost:
    return ModelCost(name, requests, requests, requests, queue_ms, compute_ms, queue_ms + compute_ms, 1.0)


def test_the_parts_of_the_time_add_up_to_the_latency() -> None:
    costs = [
        cost("decoder", 10, 40.0, 60.0),
        cost("encoder", 10, 10.0, 90.0),
        cost("other", 10, 500.0, 500.0),
    ]
    parts = breakdown([0.25, 0.35], [0.02, 0.04], [0.001], costs, ["encoder", "decoder", "unused"])
    assert {part["part"]: part["ms"] for part in parts} == {
        "client": 30.0,
        "grpc": 1.0,
        "queue": 50.0,
        "encoder": 90.0,
        "decoder": 60.0,
        "captions": 69.0,
    }


def test_signals_are_what_an_autoscaler_sees() -> None:
    costs = [cost("encoder", 10, 30.0, 1.0), cost("activity", 30, 2.0, 1.0)]
    assert signals(costs, [0.0, 4.0], [2, 2]) == {
        "queue_ms": 9.0,
        "pending": 2.0,
        "pending_max": 4.0,
        "active_sequences": 2.0,
    }
    assert signals([], [], [])["queue_ms"] is None
