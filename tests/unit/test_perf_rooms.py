"""When a number of rooms counts as carried, and when there is no need for more."""

from dataclasses import replace

import pytest
from rich.console import Console

from perf.rooms.generator import Outcome, RoomOutcome
from perf.rooms.steps import Capacity, Step, judged, seen_enough, table

ALONE = RoomOutcome(words=100, covered_s=40.0, finals=8, error=None)
GOOD = Outcome(
    rooms=(ALONE, replace(ALONE, words=96, covered_s=39.0)),
    partial_s={"p50": 0.4, "p95": 0.99, "p99": 1.4},
    final_s={"p50": 0.8, "p95": 1.5, "p99": 1.9},
    partials_per_room_and_s=0.9,
    lateness_s={"p50": 0.001, "p95": 0.002, "p99": 0.004},
    held_up_s=0.0,
    cpu_s=2.0,
)


def judge(outcome: Outcome) -> Step:
    return judged(outcome, replace(GOOD, rooms=(ALONE,)), 1.5, 40.0)


def test_rooms_within_the_service_level() -> None:
    step = judge(GOOD)
    assert (step.verdict, step.rooms, step.finals) == ("", 2, 16)
    assert (step.words, step.covered) == (0.96, 0.975)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (replace(GOOD, partial_s=GOOD.partial_s | {"p95": 1.0}), "p95 of partials is not below 1 s"),
        (replace(GOOD, partial_s=dict.fromkeys(GOOD.partial_s)), "p95 of partials is not below 1 s"),
        (replace(GOOD, rooms=(ALONE, replace(ALONE, words=80))), "finals are missing"),
        (replace(GOOD, rooms=(ALONE, replace(ALONE, covered_s=30.0))), "finals are missing"),
        (replace(GOOD, rooms=(ALONE, replace(ALONE, error="Overloaded: ..."))), "1 rooms failed"),
        (replace(GOOD, partials_per_room_and_s=0.7), "partials come too seldom"),
        (
            replace(GOOD, lateness_s=GOOD.lateness_s | {"p99": 0.06}),
            "not claimed: the load generator was late",
        ),
        (
            replace(GOOD, lateness_s=dict.fromkeys(GOOD.lateness_s)),
            "not claimed: the load generator was late",
        ),
    ],
)
def test_rooms_that_are_not_carried(outcome: Outcome, verdict: str) -> None:
    assert judge(outcome).verdict == verdict


def test_two_steps_after_the_first_miss_are_enough() -> None:
    kept, missed = judge(GOOD), judge(replace(GOOD, partial_s=GOOD.partial_s | {"p95": 2.0}))
    assert not seen_enough([kept] * 9)
    assert not seen_enough([kept, missed, missed])
    assert seen_enough([kept, missed, missed, missed])
    assert seen_enough([kept, missed, kept, missed])


def test_the_table_says_why_and_how_many() -> None:
    missed = judge(replace(GOOD, rooms=(ALONE,) * 4, partial_s=GOOD.partial_s | {"p95": 2.0}))
    console = Console(width=160)
    with console.capture() as shown:
        console.print(table(Capacity((judge(GOOD), missed), 2)))
    text = shown.get()
    assert "2 rooms: p95 of partials below 1 s" in text
    assert "p95 of partials is not below 1 s" in text
    assert "kept" in text
