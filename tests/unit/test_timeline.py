"""`timeline`: samples of a room against its own clock."""

import math

import pytest

from captions.timeline import TOLERANCE, PtsError, Timeline
from serving_common.speech import SAMPLE_RATE


def test_time_runs_with_the_samples_from_the_first_stamp() -> None:
    timeline = Timeline(100.0)
    assert timeline.at(0) == 100.0
    assert timeline.at(SAMPLE_RATE * 3 // 2) == 101.5


@pytest.mark.parametrize("jitter", [-TOLERANCE + 0.01, -0.02, 0.0, 0.02, TOLERANCE - 0.01])
def test_jitter_is_no_gap(jitter: float) -> None:
    assert Timeline(10.0).arrive(SAMPLE_RATE, 11.0 + jitter) == 0.0


@pytest.mark.parametrize("speed", [0.999, 1.001])
def test_a_clock_that_runs_at_another_speed_is_followed(speed: float) -> None:
    timeline = Timeline(0.0)
    for second in range(3600):
        assert timeline.arrive(second * SAMPLE_RATE, second * speed) == 0.0
    assert timeline.at(3600 * SAMPLE_RATE) == pytest.approx(3600 * speed, abs=0.1)


def test_a_gap_is_told_in_seconds() -> None:
    assert Timeline(10.0).arrive(SAMPLE_RATE, 16.0) == pytest.approx(5.0)


def test_time_already_heard_is_refused_and_changes_nothing() -> None:
    timeline = Timeline(10.0)
    with pytest.raises(PtsError, match=r"pts 10\.500 s lies before 11\.000 s"):
        timeline.arrive(SAMPLE_RATE, 10.5)
    assert timeline.arrive(SAMPLE_RATE, 11.0) == 0.0


@pytest.mark.parametrize("pts", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(pts: float) -> None:
    with pytest.raises(PtsError, match="finite number of seconds"):
        Timeline(pts)
    with pytest.raises(PtsError, match="finite number of seconds"):
        Timeline(0.0).arrive(0, pts)


def test_an_anchor_moves_what_follows_and_nothing_before() -> None:
    timeline = Timeline(10.0)
    timeline.anchor(SAMPLE_RATE, 16.0)
    assert timeline.at(SAMPLE_RATE - 1) == pytest.approx(11.0, abs=1e-3)
    assert timeline.at(SAMPLE_RATE) == 16.0
    assert timeline.at(2 * SAMPLE_RATE) == 17.0


def test_thousands_of_gaps_stay_right_where_it_matters() -> None:
    timeline = Timeline(0.0)
    for number in range(1, 5000):
        timeline.anchor(number * SAMPLE_RATE, 10.0 * number)
    newest = 4999
    assert timeline.at((newest - 50) * SAMPLE_RATE) == 10.0 * (newest - 50)
    assert timeline.at(newest * SAMPLE_RATE + SAMPLE_RATE // 2) == 10.0 * newest + 0.5
