"""How late captions are: from when their audio was due, and only where somebody waited for it."""

from pathlib import Path

import pytest

from captions.pace import AHEAD, BEHIND, CAUGHT_UP, Pace

ROOT = Path(__file__).parents[2]
SECOND = 16_000


def live(pace: Pace, seconds: int, begin: int = 0) -> None:
    """Chunks of a second, each as it ends, heard at once."""
    for end in range(begin + 1, begin + seconds + 1):
        pace.took(float(end), end * SECOND, waited=False)


def test_a_delay_counts_from_the_chunk_with_the_last_sample() -> None:
    pace = Pace(moved=False)
    live(pace, 4)
    assert pace.delay(2 * SECOND, 5.0) == 3.0
    assert pace.delay(2 * SECOND + 1, 5.0) == 2.0
    assert pace.delay(4 * SECOND, 5.0) == 1.0
    assert pace.delay(4 * SECOND + 500, 5.0) == 1.0  # of the silence that a room's end is padded with
    assert pace.delay(SECOND, 0.5) == 0.0


def test_nothing_is_late_before_anything_came() -> None:
    assert Pace(moved=False).delay(0, 1.0) is None


def test_a_chunk_that_its_client_held_back_was_due_in_its_turn() -> None:
    """The server was behind, and took the next chunk only after 3 s: it must not seem faster for that."""
    pace = Pace(moved=False)
    live(pace, 2)
    pace.took(5.0, 3 * SECOND, waited=True)
    assert pace.delay(3 * SECOND, 6.0) == 3.0
    pace.took(5.0, 4 * SECOND, waited=True)
    pace.took(5.0, 5 * SECOND, waited=True)
    assert pace.delay(5 * SECOND, 6.0) == 1.0


def test_a_chunk_that_came_late_by_itself_is_due_when_it_comes() -> None:
    """Its client's network stood still, and nothing of the room waited here."""
    pace = Pace(moved=False)
    live(pace, 2)
    pace.took(30.0, 3 * SECOND, waited=False)
    assert pace.delay(3 * SECOND, 30.5) == 0.5


def test_a_room_that_makes_up_for_a_pause_is_still_live() -> None:
    pace = Pace(moved=False)
    live(pace, 2)
    for number in range(3, 12):
        pace.took(11.0, number * SECOND, waited=False)
    assert pace.delay(11 * SECOND, 11.5) == 0.5


@pytest.mark.parametrize(("moved", "allowed"), [(False, AHEAD), (True, CAUGHT_UP)])
def test_a_room_that_is_ahead_of_its_time_plays_a_file(moved: bool, allowed: float) -> None:
    """One that another server had before may first bring what had no caption there."""
    pace = Pace(moved)
    chunks = int(allowed) + 3
    for number in range(1, chunks + 1):
        pace.took(0.0, number * SECOND, waited=False)
    assert pace.delay(int(allowed) * SECOND, 1.0) == (1.0 if moved else None)
    assert pace.delay(chunks * SECOND, 1.0) is None


def test_a_file_does_not_count_as_late_what_came_of_it_before_it_was_known_for_one() -> None:
    """Its first caption is done while the rest is already there: of many files each would count once."""
    pace = Pace(moved=False)
    for number in range(1, 51):
        pace.took(number * 0.001, number * SECOND // 5, waited=number > 1)
    assert [pace.delay(number * SECOND // 5, 3.0) for number in range(1, 51)] == [None] * 50


def test_a_room_that_no_server_took_for_a_while_is_soon_live() -> None:
    """It brings what it said meanwhile at once, and the rest as it is said: it is no file."""
    pace = Pace(moved=False)
    for number in range(1, 9):
        pace.took(8.0, number * SECOND, waited=False)
    assert pace.delay(8 * SECOND, 9.0) is None
    for number in range(9, 80):
        pace.took(float(number), number * SECOND, waited=False)
    assert pace.delay(79 * SECOND, 80.0) == 1.0


def test_a_file_that_is_sent_half_as_fast_again_never_is() -> None:
    pace = Pace(moved=False)
    for number in range(1, 3600):
        pace.took(number / 1.5, number * SECOND, waited=False)
        assert number < 10 or pace.delay(number * SECOND, number / 1.5) is None


def test_a_room_whose_clock_runs_a_little_fast_stays_live() -> None:
    """A tenth of a per cent, which is far more than clocks are off, for three hours."""
    pace = Pace(moved=False)
    for number in range(1, 3 * 3600 + 1):
        pace.took(number * 0.999, number * SECOND, waited=False)
        pace.forget((number - 5) * SECOND)
    assert pace.delay(3 * 3600 * SECOND, 3 * 3600.0) is not None


def test_no_pause_earns_the_right_to_play_a_file() -> None:
    pace = Pace(moved=False)
    live(pace, 1)
    for number in range(1, int(BEHIND + AHEAD) + 4):
        pace.took(10_000.0, (number + 1) * SECOND, waited=False)
    assert pace.delay((int(BEHIND + AHEAD) + 4) * SECOND, 10_001.0) is None


def test_what_is_kept_does_not_grow() -> None:
    pace = Pace(moved=False)
    for number in range(10_000):
        pace.took(number * 0.02, number * 320, waited=False)
        pace.took(number * 0.02, number * 320, waited=False)  # a chunk of no samples
        pace.forget(number * 320 - SECOND)
    assert len(pace._came) < 60
    assert pace.delay(9_999 * 320, 9_999 * 0.02 + 1) == pytest.approx(1.0)
