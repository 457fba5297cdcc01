"""`segments`: speech probabilities -> stretches of speech, without losing or doubling a sample."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest

from captions.segments import (
    LEAD,
    LEAST_PAUSE,
    LONGEST,
    ONSET,
    PAUSE,
    SHORT,
    SILENCE,
    STRIDE,
    TRAIL,
    Segment,
    Segmenter,
)
from serving_common.speech import SPEECH, VOICE_WINDOW

LOUD, QUIET, BETWEEN = 0.9, 0.05, (SPEECH + SILENCE) / 2


def feed(segmenter: Segmenter, probabilities: Iterable[float], first: int = 0) -> list[Segment]:
    """Feed windows whose samples all hold the window's number, so that any loss shows."""
    closed: list[Segment] = []
    for number, probability in enumerate(probabilities, start=first):
        closed += segmenter.feed(np.full(VOICE_WINDOW, number, np.float32), probability)
    return closed


def numbers(segment: Segment) -> list[int]:
    """The numbers of the windows that a segment holds."""
    audio = segment.audio().reshape(-1, VOICE_WINDOW)
    assert np.all(audio == audio[:, :1])
    return [int(window[0]) for window in audio]


def test_silence_opens_nothing() -> None:
    segmenter = Segmenter()
    assert feed(segmenter, [QUIET] * 500) == []
    assert segmenter.open is None
    assert list(segmenter.flush()) == []


def test_a_click_opens_nothing() -> None:
    segmenter = Segmenter()
    assert feed(segmenter, ([LOUD] * (ONSET - 1) + [QUIET] * 5) * 20) == []
    assert segmenter.open is None


def test_speech_opens_a_segment_with_what_was_just_before_it() -> None:
    segmenter = Segmenter()
    feed(segmenter, [QUIET] * 50 + [LOUD] * ONSET)
    assert segmenter.open is not None
    assert numbers(segmenter.open) == list(range(50 - LEAD, 50 + ONSET))
    assert segmenter.open.start == (50 - LEAD) * VOICE_WINDOW


def test_speech_at_once_has_nothing_before_it() -> None:
    segmenter = Segmenter()
    feed(segmenter, [LOUD] * ONSET)
    assert segmenter.open is not None
    assert (segmenter.open.start, numbers(segmenter.open)) == (0, list(range(ONSET)))


def test_a_pause_closes_it_and_most_of_the_pause_stays_out() -> None:
    segmenter = Segmenter()
    closed = feed(segmenter, [LOUD] * 40 + [QUIET] * PAUSE)
    assert [numbers(each) for each in closed] == [list(range(40 + TRAIL))]
    assert closed[0].closed
    assert closed[0].end == (40 + TRAIL) * VOICE_WINDOW
    assert segmenter.open is None


def test_a_short_pause_and_a_doubtful_one_do_not_close_it() -> None:
    segmenter = Segmenter()
    between = [LOUD] * 20 + [QUIET] * (PAUSE - 1) + [LOUD] * 5 + [BETWEEN] * 2 * PAUSE + [LOUD]
    assert feed(segmenter, between) == []
    assert segmenter.open is not None
    assert numbers(segmenter.open) == list(range(len(between)))


def test_what_a_pause_left_over_leads_in_the_next_segment_and_is_in_no_two() -> None:
    segmenter = Segmenter()
    closed = feed(segmenter, ([LOUD] * 40 + [QUIET] * PAUSE) * 3)
    heard = [number for segment in closed for number in numbers(segment)]
    assert len(closed) == 3
    assert len(heard) == len(set(heard))
    assert heard == sorted(heard)
    for segment in closed:
        assert segment.start == numbers(segment)[0] * VOICE_WINDOW


def test_endless_speech_is_cut_and_nothing_is_lost() -> None:
    segmenter = Segmenter()
    closed = [*feed(segmenter, [LOUD] * 3 * LONGEST), *segmenter.flush()]
    assert [number for each in closed for number in numbers(each)] == list(range(3 * LONGEST))
    assert all(len(each.windows) <= LONGEST for each in closed)
    assert all(one.end == other.start for one, other in pairwise(closed))
    assert [each.cut for each in closed] == [True] * (len(closed) - 1) + [False]


def test_a_cut_is_made_where_it_is_quiet() -> None:
    segmenter = Segmenter()
    quiet = range(LONGEST - 40, LONGEST - 34)
    closed: list[Segment] = []
    for number in range(LONGEST):
        closed += segmenter.feed(np.full(VOICE_WINDOW, 0.01 if number in quiet else 0.5, np.float32), LOUD)
    assert len(closed) == 1
    assert len(closed[0].windows) in quiet


@pytest.mark.parametrize("stable", [LONGEST - 60, LONGEST - 10, LONGEST])
def test_a_cut_comes_after_all_stable_words(stable: int) -> None:
    segmenter = Segmenter()
    feed(segmenter, [LOUD] * (LONGEST - 1))
    assert segmenter.open is not None
    segmenter.open.stable_within = stable
    (closed,) = feed(segmenter, [LOUD], first=LONGEST - 1)
    assert min(stable, LONGEST - ONSET) <= len(closed.windows) <= LONGEST


@pytest.mark.parametrize("length", [SHORT - PAUSE, SHORT + 100, LONGEST - PAUSE])
def test_the_longer_a_segment_the_shorter_the_pause_that_ends_it(length: int) -> None:
    def pause(length: int) -> int:
        segmenter, count = Segmenter(), 0
        assert feed(segmenter, [LOUD] * length) == []
        while not feed(segmenter, [QUIET]):
            count += 1
        return count + 1

    assert LEAST_PAUSE <= pause(length) <= pause(length - 40) <= PAUSE
    assert pause(LONGEST - PAUSE) < pause(SHORT - PAUSE) == PAUSE


def test_the_end_of_a_room_closes_what_is_open() -> None:
    segmenter = Segmenter()
    feed(segmenter, [LOUD] * 30 + [QUIET] * 3)
    (closed,) = segmenter.flush()
    assert numbers(closed) == list(range(33))
    assert closed.closed
    assert list(segmenter.flush()) == []


@pytest.mark.parametrize(
    ("more", "due"),
    [
        ([LOUD] * (STRIDE - 1), False),
        ([LOUD] * STRIDE, True),
        ([QUIET] * STRIDE, False),
        ([LOUD] * 5 + [QUIET] * (LEAST_PAUSE - 1), False),
        ([LOUD] * 5 + [QUIET] * LEAST_PAUSE, True),
        ([QUIET] * (STRIDE - 1) + [BETWEEN], True),
    ],
)
def test_a_hypothesis_is_due_after_a_stride_of_more_speech_or_where_a_pause_begins(
    more: list[float], due: bool
) -> None:
    speech = [LOUD] * 40 + more
    segment = Segment(0, [np.zeros(VOICE_WINDOW, np.float32)] * len(speech), speech, heard=40)
    assert segment.due is due


def test_a_hypothesis_that_heard_all_the_speech_is_the_last_word() -> None:
    segment = Segment(0, [np.zeros(VOICE_WINDOW, np.float32)] * 60, [LOUD] * 40 + [QUIET] * 20)
    assert not segment.heard_out
    segment.heard = 39
    assert not segment.heard_out
    segment.heard = 40
    assert segment.heard_out


def test_what_may_still_become_a_segment_begins_at_the_earliest_sample() -> None:
    segmenter = Segmenter()
    assert segmenter.earliest == 0
    feed(segmenter, [QUIET] * 100)
    assert segmenter.earliest == (100 - LEAD - ONSET) * VOICE_WINDOW
    feed(segmenter, [LOUD] * ONSET, first=100)
    assert segmenter.open is not None
    assert segmenter.earliest == segmenter.open.start == (100 - LEAD) * VOICE_WINDOW


def test_a_segment_that_began_elsewhere_goes_on_to_where_it_was_heard_at_least() -> None:
    """Even through what sounds like a pause to a detector that has just begun."""
    least = 3 * PAUSE
    segmenter = Segmenter(Segment(0, hypothesis=" one two", stable=" one", heard=least, least=least))
    assert feed(segmenter, [QUIET] * (least - 1)) == []
    assert segmenter.open is not None
    assert not segmenter.open.due, "what was heard of it needs no other hypothesis"
    (closed,) = feed(segmenter, [QUIET] * PAUSE, first=least - 1)
    assert (closed.start, closed.stable, closed.hypothesis) == (0, " one", " one two")
    assert closed.heard_out
