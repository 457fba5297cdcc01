"""Whatever is sent to models of speech through the gateway is answered, and no room beside loses a word."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from uuid import uuid4

import numpy as np
import pytest

from evaluation.error_rates import error_rate
from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton
from tests.triton.attack import SEED, SLOW, Target, behind_a_gateway, send_many
from tests.triton.rooms import RawRoom

BESIDE = ("en-quick_brown_fox", "zh-nihao_shijie")
"""What is said in the rooms beside."""


@pytest.fixture(scope="module")
def target(live_triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`captions`, `asr` and all that they require."""
    with behind_a_gateway(live_triton, tmp_path_factory.mktemp("speech")) as found:
        yield found


@dataclass(frozen=True)
class Room:
    """The share of words in it that were heard wrong, and how late captions came, in seconds."""

    errors: float
    partial_s: float
    final_s: float


def spoken(triton: Triton, clip: Clip) -> Room:
    """A room in which the clip is spoken, as fast as people speak."""
    step = SAMPLE_RATE // 4
    with RawRoom(triton.grpc, uuid4().hex) as room, ThreadPoolExecutor(1) as reader:
        following = reader.submit(room.follow)
        began = time.monotonic()
        for at in range(0, len(clip.audio), step):
            time.sleep(max(0.0, began + min(at + step, len(clip.audio)) / SAMPLE_RATE - time.monotonic()))
            last = at + step >= len(clip.audio)
            room.chunk(clip.audio[at : at + step], at / SAMPLE_RATE, start=at == 0, end=last)
        room.done()
        answers = following.result()
    assert not [answer.error for _, answer in answers if answer.error]
    captions = [(came - began - answer.end, answer) for came, answer in answers]
    text = " ".join(answer.text for _, answer in captions if answer.kind == "final")
    partial_s, final_s = (
        max((late for late, answer in captions if answer.kind == kind), default=0.0)
        for kind in ("partial", "final")
    )
    return Room(error_rate([(clip.text, text)], clip.language), partial_s, final_s)


@contextmanager
def rooms_beside(triton: Triton, clips: Sequence[Clip]) -> Iterator[list[Room]]:
    """One room after another in which one of the clips is spoken, until the block has ended."""
    found: list[Room] = []
    over = threading.Event()

    def speak() -> None:
        for clip in cycle(clips):
            found.append(spoken(triton, clip))
            if over.is_set():
                return

    with ThreadPoolExecutor(1) as speaker:
        speaking = speaker.submit(speak)
        try:
            yield found
        finally:
            over.set()
            speaking.result()


@pytest.mark.thorough
def test_they_answer_anything_and_rooms_beside_them_lose_no_word(
    target: Target, corpus: dict[str, Clip]
) -> None:
    with rooms_beside(target.triton, [corpus[name] for name in BESIDE]) as rooms:
        send_many(target, 1000, SEED)
    print(f"{len(rooms)} rooms: {rooms}")
    assert max(room.errors for room in rooms) <= 0.12


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_they_answer_50_000(target: Target, corpus: dict[str, Clip]) -> None:
    """Half of MALFORMED_REQUESTS, if it is set; MALFORMED_SEED gives others."""
    alone = [spoken(target.triton, corpus[name]) for name in BESIDE]
    with rooms_beside(target.triton, [corpus[name] for name in BESIDE]) as rooms:
        send_many(target, SLOW, SEED + 1)
    print(f"alone: {alone}, {len(rooms)} rooms beside: {rooms}")
    assert max(room.errors for room in rooms) <= 0.12
    late = float(np.median([room.final_s for room in rooms]))
    assert late < max(room.final_s for room in alone) + 3.0, "those beside are load, and no more than that"
