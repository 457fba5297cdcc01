"""What a room keeps to say again: no more than is needed, in the server's time, and never too much."""

from __future__ import annotations

import random

import numpy as np
import pytest
from liveroom import _replay
from liveroom._replay import Piece, Replay

from captions import timeline
from serving_common.speech import SAMPLE_RATE

RATE = 8_000
SECOND = np.arange(RATE, dtype=np.int16)


def kept(replay: Replay) -> list[Piece]:
    """What another server would be sent."""
    replay.rewind()
    return [replay.next() for _ in range(replay.waiting)]


def filled(seconds: int, *, limit: float = 90.0, sent: bool = True) -> Replay:
    replay = Replay(limit)
    for number in range(seconds):
        replay.add(SECOND, RATE, float(number))
        if sent:
            replay.next()
    return replay


def test_what_is_done_is_let_go_and_the_rest_begins_right_there() -> None:
    replay = filled(5)
    replay.finished(2.25)
    replay.finished(1.0)  # it never goes back
    pieces = kept(replay)
    assert [piece.pts for piece in pieces] == [2.25, 3.0, 4.0]
    assert pieces[0].samples.tolist() == SECOND[RATE // 4 :].tolist()
    assert [piece.number for piece in pieces] == [3, 4, 5]
    assert replay.lost_s == 0.0


def test_what_was_not_sent_yet_is_kept_whatever_is_done() -> None:
    replay = filled(3, sent=False)
    replay.finished(10.0)
    assert replay.waiting == 3


def test_the_end_of_a_room_is_said_again_even_when_all_is_done() -> None:
    replay = filled(2)
    replay.add(SECOND[:0], RATE, 2.0, last=True)
    replay.next()
    replay.finished(5.0)
    (last,) = kept(replay)
    assert (last.last, len(last.samples)) == (True, 0)


def test_it_keeps_a_copy() -> None:
    replay, samples = Replay(90), np.ones(RATE, np.int16)
    replay.add(samples, RATE, 0.0)
    samples[:] = 7
    assert set(replay.next().samples.tolist()) == {1}


def test_more_than_the_limit_is_not_kept_and_counts_only_when_it_is_missed() -> None:
    replay = filled(100, limit=10)
    assert replay.lost_s == 0.0
    replay.finished(95.0)
    assert [piece.pts for piece in kept(replay)] == [95, 96, 97, 98, 99]
    assert replay.lost_s == 0.0, "what was let go had its captions"
    replay = filled(100, limit=10)
    assert [piece.pts for piece in kept(replay)] == list(range(90, 100))
    assert replay.lost_s == 90.0
    assert len(kept(replay)) == 10
    assert replay.lost_s == 90.0, "it is lost once"


def test_memory_is_bounded_however_long_nothing_is_done() -> None:
    replay = filled(2000, limit=20)
    assert sum(len(piece.samples) for piece in replay._pieces) <= 20 * RATE


def test_what_the_server_refused_is_not_said_again() -> None:
    replay = filled(3)
    replay.refused(2)
    replay.refused(77)
    assert replay.waiting == 0
    assert [piece.number for piece in kept(replay)] == [1, 3]


@pytest.mark.parametrize("seed", range(5))
def test_times_are_those_the_server_counts(seed: int) -> None:
    """Jitter that one server has followed slowly would look like time running backwards to the next."""
    draw = random.Random(seed)
    server, replay, sample, clock = timeline.Timeline(0.07), Replay(1e6), 0, 0.0
    for number in range(500):
        size = draw.choice([160, 1600, 8000])
        clock += draw.choice([0.0] * 50 + [3.0])
        pts = clock + draw.uniform(-0.1, 0.1) if number else 0.07
        try:
            gap = server.arrive(sample, pts)
        except timeline.PtsError:
            continue
        if gap:
            server.anchor(sample, pts)
        replay.add(np.zeros(size, np.int16), SAMPLE_RATE, pts)
        assert replay.next().heard == pytest.approx(server.at(sample), abs=1e-6)
        sample += size
        clock += size / SAMPLE_RATE * draw.choice([0.999, 1.001])
    again, sample = timeline.Timeline(kept(replay)[0].pts), 0
    for piece in kept(replay):
        if gap := again.arrive(sample, piece.pts):
            again.anchor(sample, piece.pts)
        sample += len(piece.samples)


def test_it_follows_clocks_as_the_server_does() -> None:
    for name in ("TOLERANCE", "JITTER", "PULL"):
        assert getattr(_replay, name) == getattr(timeline, name)
