"""Rooms of one instance: opened at a sequence's start, forgotten at its end and when idle, and bounded."""

import time
from pathlib import Path

import pytest

from exporters.triton_config import config_path, load_config
from serving_common.rooms import IDLE, Rooms, RoomsFullError


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_room_lives_from_start_to_end() -> None:
    rooms = Rooms[object](2)
    assert rooms.get("a") is None, "never started"
    room = rooms.open("a", object())
    assert rooms.get("a") is room
    assert rooms.open("a", object()) is not room, "begun again"
    rooms.leave("a")
    rooms.leave("a")
    assert rooms.get("a") is None


def test_one_room_too_many_is_refused_and_the_others_go_on() -> None:
    rooms = Rooms[object](2)
    first = rooms.open(1, object())
    rooms.open("b", object())
    with pytest.raises(RoomsFullError, match="2 rooms are open"):
        rooms.open("c", object())
    assert rooms.get(1) is first
    assert rooms.open(1, object()) is not None, "who begins again takes no other's place"
    rooms.leave("b")
    assert rooms.open("c", object()) is not None


@pytest.mark.parametrize("model", ["chat", "effects"])
def test_an_idle_room_is_kept_as_long_as_triton_keeps_its_sequence(model: str) -> None:
    config = load_config(config_path(Path(__file__).parents[2] / "model_repository", model))
    assert config.sequence_batching.max_sequence_idle_microseconds == IDLE * 1e6


def test_an_idle_room_is_forgotten() -> None:
    clock = Clock()
    rooms = Rooms[object](2, clock)
    rooms.open("a", object())
    rooms.open("b", object())
    clock.now = IDLE - 1
    rooms.get("b")
    clock.now = IDLE + 1
    rooms.sweep()
    assert len(rooms) == 1
    assert rooms.get("a") is None
    assert rooms.get("b") is not None
    rooms.close()
    assert len(rooms) == 0


def test_a_room_is_forgotten_though_nobody_sends_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving_common.rooms.SWEEP", 0.01)
    clock = Clock()
    rooms = Rooms[object](2, clock)
    rooms.keep_sweeping()
    rooms.open("a", object())
    clock.now = IDLE + 1
    deadline = time.monotonic() + 5
    while len(rooms) and time.monotonic() < deadline:
        time.sleep(0.01)
    rooms.close()
    assert time.monotonic() < deadline
