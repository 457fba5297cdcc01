"""What is counted as lost, doubled and waited for when replicas fail."""

import random
from collections import Counter

import pytest

from cluster.chaos import deal, summary, verdict
from cluster.demo import kept
from cluster.failures import ALL
from cluster.impact import Fault, assess
from perf.rooms.messages import Ended, Heard
from perf.rooms.observation import Observation
from perf.rooms.solo_baseline import Solo

REFERENCE = Solo(((0.0, 4.0), (5.0, 10.0)), 10)


def heard(kind: str, start: float, end: float, at: float, room: int = 0) -> Heard:
    return Heard(room, kind, start, end, 5, end, at - end, at - end)


def seen(*events: Heard, **ended: Ended) -> Observation:
    return Observation(heard=list(events), ended={each.room: each for each in ended.values()})


def test_a_segment_that_is_cut_elsewhere_is_not_lost() -> None:
    cut = (heard("final", 0, 3, 3.5), heard("final", 3, 7, 7.5), heard("final", 7, 10, 10.5))
    impact = assess(seen(*cut), [REFERENCE])
    assert (impact.finals, impact.expected, impact.lost, impact.doubled, impact.lost_s) == (3, 2, 0, 0, 0)


@pytest.mark.parametrize(
    ("spans", "numbers", "reasons"),
    [
        (((0, 4), (5, 10)), (2, 0, 0, 0), "none lost, none said again"),
        (((0, 3), (3, 7), (7, 10)), (3, 0, 0, 1), "1 more as a room that moves cuts"),
        (((0, 10),), (1, 0, 0, -1), "1 fewer as a room that moves cuts"),
        (((0, 4),), (1, 1, 0, 0), "1 lost"),
        (((0, 4), (5, 10), (5, 10)), (3, 0, 1, 0), "1 said again"),
    ],
)
def test_finals_that_are_not_as_many_as_expected_are_explained(
    spans: tuple[tuple[float, float], ...], numbers: tuple[int, ...], reasons: str
) -> None:
    total = summary([assess(seen(*(heard("final", *span, at=11) for span in spans)), [REFERENCE])])
    assert tuple(total[name] for name in ("finals", "lost", "doubled", "cut_elsewhere")) == numbers
    assert str(total["explained"]).startswith(f"{numbers[0]} finals, 2 of the same speech without a failure")
    assert reasons in str(total["explained"])


def test_what_no_final_covers_is_lost() -> None:
    impact = assess(seen(heard("final", 0, 4, 4.5), heard("final", 8, 10, 10.5)), [REFERENCE])
    assert (impact.lost, impact.lost_s) == (1, 3.0)


def test_a_second_without_captions_is_lost_on_either_side_of_a_cut() -> None:
    impact = assess(seen(heard("final", 0, 3, 3.5), heard("final", 5.3, 10, 10.5)), [REFERENCE])
    assert (impact.lost, impact.lost_s) == (1, 1.3)


def test_speech_said_again_from_too_early_is_doubled() -> None:
    early = [(0, 4), (5, 8), (3, 8), (8, 10)]
    impact = assess(seen(*(heard("final", *span, at=11) for span in early)), [REFERENCE])
    assert (impact.lost, impact.doubled) == (0, 1)


def test_finals_that_cover_the_same_twice_do_not_make_up_for_what_they_leave_out() -> None:
    twice = (heard("final", 0, 4, 4), heard("final", 5, 7, 7), heard("final", 5, 7, 8))
    impact = assess(seen(*twice), [REFERENCE])
    assert (impact.lost, impact.doubled) == (1, 1)


def test_a_room_that_says_less_than_half_of_its_words_has_lost_something() -> None:
    events = (heard("final", 0, 4, 4.5), heard("final", 5, 10, 10.5))
    impact = assess(seen(*events), [Solo(REFERENCE.finals, 21)])
    assert (impact.lost, impact.lost_s, impact.words, impact.expected_words) == (1, 0, 10, 21)


@pytest.mark.parametrize(("words", "few"), [(11, False), (12, True)])
def test_rooms_that_say_less_than_nine_tenths_of_their_words_are_not_unharmed(words: int, few: bool) -> None:
    events = (heard("final", 0, 4, 4.5), heard("final", 5, 10, 10.5))
    impact = assess(seen(*events), [Solo(REFERENCE.finals, words)])
    assert (impact.lost, impact.few_words, impact.harmless) == (0, few, not few)
    assert verdict(summary([impact])) == ("few_words: see the result" if few else "")


def test_a_room_that_says_nothing_has_lost_all_and_failed() -> None:
    observed = Observation(heard=[heard("final", 0, 4, 4), heard("final", 5, 10, 11)], errors={1: "gone"})
    impact = assess(observed, [REFERENCE, REFERENCE])
    assert (impact.lost, impact.failed) == (2, ("gone",))
    assert verdict(summary([impact])) == "lost, few_words, failed_rooms: see the result"


def test_every_room_is_judged_by_what_it_says_itself() -> None:
    events = (heard("final", 0, 4, 4), heard("final", 5, 10, 10), heard("final", 1, 2, 2, room=1))
    impact = assess(seen(*events), [REFERENCE, Solo(((1.0, 2.0), (6.0, 8.0)), 5)])
    assert (impact.rooms, impact.expected, impact.lost, impact.lost_s) == (2, 4, 1, 2.0)


def test_the_gap_is_the_wait_for_a_caption_that_goes_on() -> None:
    events = (
        heard("partial", 0, 1, 1.2),
        heard("partial", 0, 2, 2.2),
        heard("partial", 0, 1, 4.0),  # what had been said, said again after the failure
        heard("partial", 0, 3, 5.2),
        heard("final", 0, 4, 5.4),
        heard("final", 5, 10, 12.0),  # nobody spoke for a second of these
    )
    impact = assess(seen(*events), [REFERENCE], [Fault("node lost", "a", 3.0), Fault("hung", "a", 5.3)])
    assert impact.gaps_s == (3.0, 5.6)
    assert impact.waits_s == (5.6,)


def test_partials_are_timed_before_the_first_failure_and_after_each() -> None:
    events = [heard("partial", 0, end, end + late) for end, late in ((1, 0.5), (4, 2.0), (6, 0.75))]
    impact = assess(seen(*events), [REFERENCE], [Fault("overload", "all", at) for at in (2.0, 5.0, 9.0)])
    assert impact.partials_p95_s == (0.5, 2.0, 0.75, None)


@pytest.mark.parametrize(
    ("before_s", "under_s", "good"),
    [
        (0.4, 0.9, True),
        (0.4, 1.1, False),
        (1.2, 1.7, True),
        (1.2, 1.9, False),
        (None, 0.5, False),
        (0.5, None, False),
    ],
)
def test_rooms_keep_their_service_level_or_were_slow_before(
    before_s: float | None, under_s: float | None, good: bool
) -> None:
    assert kept(before_s, under_s) is good


def test_what_clients_did_about_it_is_added_up() -> None:
    ended = {"a": Ended(0, None, 2, 0.5, 1), "b": Ended(1, None, 1, 0.25, 0)}
    impact = assess(seen(**ended), [REFERENCE, REFERENCE])
    assert (impact.reconnects, impact.replay_lost_s, impact.dropped_duplicates) == (3, 0.75, 1)


def test_every_kind_of_failure_comes_equally_often_in_an_order_that_a_seed_draws() -> None:
    count = 3 * len(ALL) + 1
    kinds = deal(count, random.Random(1))
    assert len(kinds) == count
    assert set(Counter(kinds).values()) <= {3, 4}
    assert kinds == deal(count, random.Random(1))
    assert kinds != deal(count, random.Random(2))


def test_a_run_is_the_sum_of_its_rounds() -> None:
    events = (heard("final", 0, 4, 4.5), heard("final", 5, 10, 12.5))
    impact = assess(seen(*events), [REFERENCE], [Fault("hung", "a", 5.0)])
    total = summary([impact, impact])
    assert (total["kills"], total["by_kind"], total["finals"], total["lost"]) == (2, {"hung": 2}, 4, 0)
    assert total["gap_s"] == {"p50": pytest.approx(7.0), "p95": 7.0, "p99": 7.0, "max": 7.0}
    assert verdict(total) == ""
