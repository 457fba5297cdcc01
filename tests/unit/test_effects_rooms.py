"""Rooms of one instance: opened at a sequence's start, forgotten at its end and when idle, and bounded."""

import time
from pathlib import Path

import pytest

from effects.rooms import IDLE, Rooms, RoomsFullError
from exporters.triton_config import config_path, load_config


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_room_lives_from_start_to_end() -> None:
    rooms = Rooms(2)
    assert rooms.enter("a", start=False) is None, "never started"
    room = rooms.enter("a", start=True)
    assert rooms.enter("a", start=False) is room
    assert rooms.enter("a", start=True) is not room, "begun again"
    rooms.leave("a")
    rooms.leave("a")
    assert rooms.enter("a", start=False) is None


def test_one_room_too_many_is_refused_and_the_others_go_on() -> None:
    rooms = Rooms(2)
    first = rooms.enter(1, start=True)
    rooms.enter("b", start=True)
    with pytest.raises(RoomsFullError, match="2 rooms are open"):
        rooms.enter("c", start=True)
    assert rooms.enter(1, start=False) is first
    assert rooms.enter(1, start=True) is not None, "who begins again takes no other's place"
    rooms.leave("b")
    assert rooms.enter("c", start=True) is not None


def test_an_idle_room_is_kept_as_long_as_triton_keeps_its_sequence() -> None:
    config = load_config(config_path(Path(__file__).parents[2] / "model_repository", "effects"))
    assert config.sequence_batching.max_sequence_idle_microseconds == IDLE * 1e6


def test_an_idle_room_is_forgotten() -> None:
    clock = Clock()
    rooms = Rooms(2, clock)
    rooms.enter("a", start=True)
    rooms.enter("b", start=True)
    clock.now = IDLE - 1
    rooms.enter("b", start=False)
    clock.now = IDLE + 1
    rooms.sweep()
    assert len(rooms) == 1
    assert rooms.enter("a", start=False) is None
    assert rooms.enter("b", start=False) is not None
    rooms.close()
    assert len(rooms) == 0


def test_a_room_is_forgotten_though_nobody_sends_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("effects.rooms.SWEEP", 0.01)
    clock = Clock()
    rooms = Rooms(2, clock)
    rooms.keep_sweeping()
    rooms.enter("a", start=True)
    clock.now = IDLE + 1
    deadline = time.monotonic() + 5
    while len(rooms) and time.monotonic() < deadline:
        time.sleep(0.01)
    rooms.close()
    assert time.monotonic() < deadline
