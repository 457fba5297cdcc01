"""Lines of concurrent calls go to a model together, and no call suffers for another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from liveroom import DeadlineExceeded, InvalidInput, Overloaded, ServerUnavailable
from liveroom._batching import Batcher
from liveroom._lines import LARGEST_BATCH, LONGEST_LINE, check_lines


class Model:
    """Answers each line with itself in capitals; lines that say so are refused, or fail."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause
        self.sent: list[int] = []

    async def __call__(self, lines: Sequence[bytes]) -> list[bytes]:
        self.sent.append(len(lines))
        await asyncio.sleep(self.pause)
        if b"bad" in lines:
            raise InvalidInput("text is bad")
        if b"broken" in lines:
            raise ServerUnavailable("gone")
        return [line.upper() for line in lines]


async def test_lines_of_calls_at_the_same_time_are_one_request() -> None:
    model = Model()
    batcher = Batcher("model", model)
    answers = await asyncio.gather(*(batcher([f"line {n}".encode()], 5) for n in range(100)))
    assert answers == [[f"LINE {n}".encode()] for n in range(100)]
    assert model.sent == [100]


async def test_lines_that_come_while_requests_are_under_way_wait_for_each_other() -> None:
    model = Model(0.05)
    batcher = Batcher("model", model, in_flight=1)
    first = asyncio.create_task(batcher([b"a"], 5))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(batcher([b"b"], 5)) for _ in range(30)]
    assert await first == [b"A"]
    assert await asyncio.gather(*others) == [[b"B"]] * 30
    assert model.sent == [1, 30]


async def test_a_hundred_thousand_lines_of_one_call_come_back_in_order_and_never_wait_all_at_once() -> None:
    model = Model()
    batcher = Batcher("model", model, waiting=4 * LARGEST_BATCH)
    lines = [str(n).encode() for n in range(100_000)]
    assert await batcher(lines, 5) == lines
    assert max(model.sent) == LARGEST_BATCH


async def test_a_line_that_is_refused_fails_its_own_call_only() -> None:
    batcher = Batcher("model", Model())
    calls = [batcher([b"good"], 5), batcher([b"bad"], 5), batcher([b"fine", b"too"], 5)]
    good, bad, fine = await asyncio.gather(*calls, return_exceptions=True)
    assert (good, fine) == ([b"GOOD"], [b"FINE", b"TOO"])
    assert isinstance(bad, InvalidInput)


async def test_a_server_that_is_gone_fails_the_calls_that_asked_it_and_not_the_next_one() -> None:
    batcher = Batcher("model", Model())
    failed = await asyncio.gather(batcher([b"broken"], 5), batcher([b"x"], 5), return_exceptions=True)
    assert [type(each) for each in failed] == [ServerUnavailable, ServerUnavailable]
    assert await batcher([b"x"], 5) == [b"X"]


async def test_more_lines_than_may_wait_are_refused_at_once_and_the_others_answered() -> None:
    batcher = Batcher("model", Model(0.05), in_flight=1, waiting=10)
    calls = [asyncio.create_task(batcher([b"x"], 5)) for _ in range(11)]
    refused = await asyncio.gather(*calls, return_exceptions=True)
    assert refused[:10] == [[b"X"]] * 10
    assert isinstance(refused[10], Overloaded)
    assert refused[10].model == "model"
    assert "10 lines wait for model: at most 10 may" in str(refused[10])


async def test_a_call_that_is_given_up_leaves_its_place_to_others() -> None:
    model = Model(0.05)
    batcher = Batcher("model", model, in_flight=1, waiting=2)
    first = asyncio.create_task(batcher([b"a"], 5))
    await asyncio.sleep(0.01)
    given_up = [asyncio.create_task(batcher([b"gone"], 5)) for _ in range(2)]
    await asyncio.sleep(0)
    for call in given_up:
        call.cancel()
    assert await first == [b"A"]
    assert await batcher([b"b"], 5) == [b"B"]
    assert model.sent == [1, 1]


async def test_a_model_that_does_not_answer_is_told_of_in_time() -> None:
    batcher = Batcher("model", Model(60), in_flight=1)
    with pytest.raises(DeadlineExceeded, match=r"model did not answer 1 lines within 0\.05 s") as late:
        await batcher([b"x"], 0.05)
    assert late.value.model == "model"


async def test_who_waits_when_a_client_is_closed_is_told_so() -> None:
    batcher = Batcher("model", Model(0.05), in_flight=1)
    first = asyncio.create_task(batcher([b"a"], 5))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(batcher([b"b"], 5))
    await asyncio.sleep(0)
    batcher.close()
    with pytest.raises(ServerUnavailable, match="the client was closed"):
        await waiting
    with pytest.raises(ServerUnavailable, match="the client was closed"):
        await batcher([b"c"], 5)
    assert await first == [b"A"]


async def test_a_call_without_lines_asks_nobody() -> None:
    model = Model()
    assert await Batcher("model", model)([], 5) == []
    assert model.sent == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("one text", r"lines is str: expected several texts, such as \['one text'\]"),
        (3, "lines is int: expected several texts"),
        (["fine", 7], "line 2 is 7: expected text"),
        (["\ud83d"], r"line 1 is no Unicode: character 1 is U\+D83D, half of a pair"),
        (["fine", "好" * 1366], f"line 2 is 4098 bytes long: expected at most {LONGEST_LINE} in UTF-8"),
    ],
)
def test_what_cannot_be_a_line_is_refused_before_it_is_sent(lines: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_lines(lines)  # type: ignore[arg-type]  # that is the point
