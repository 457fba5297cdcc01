"""`sentiment`: how lines of chat are meant, through the client and beside it."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from liveroom import AsyncClient, Client, InvalidInput
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from evaluation.chat_lines import LINES, MEANT
from server import Triton


@pytest.fixture(scope="module")
def client(text_triton: Triton) -> Iterator[Client]:
    with Client(text_triton.grpc) as client:
        yield client


def test_lines_of_both_languages_are_told_right(client: Client) -> None:
    told = client.sentiment(MEANT)
    right = [each.top == meant for each, meant in zip(told, MEANT.values(), strict=True)]
    assert np.mean(right) >= 0.8
    for each in told:
        assert each.negative + each.neutral + each.positive == pytest.approx(1, abs=1e-5)
    assert {each.language for each in told} == {"zh", "en", "und"}


@pytest.mark.parametrize(
    "line", ["666", "awsl", "哈哈哈哈哈哈", "LUL", "😍😍", "(≧▽≦)", "soooooo good", "太好看了"]
)
def test_habits_of_live_chat_are_positive(client: Client, line: str) -> None:
    (told,) = client.sentiment([line])
    assert told.top == "positive"


@pytest.mark.parametrize(
    ("line", "top"),
    [
        ("没有图片上那么好看", "negative"),
        ("一点也不难用", "positive"),
        ("味道也不错", "positive"),
        ("味道挺好，但是等了太久", "negative"),
        ("虽然小了点，但是很甜", "positive"),
        ("少发了一件", "negative"),
        ("又贵又难用", "negative"),
        ("除了贵没毛病", "positive"),
        ("会不会很辣", "neutral"),
        ("颜色会掉吗", "neutral"),
    ],
)
def test_negation_contrast_and_questions_are_understood(client: Client, line: str, top: str) -> None:
    (told,) = client.sentiment([line])
    assert told.top == top


def test_health_asks_for_what_is_known(client: Client) -> None:
    assert client.health("sentiment").ok


def test_traditional_characters_mean_what_simplified_ones_do(client: Client) -> None:
    traditional, simplified = client.sentiment(["這個東西質量太差了", "这个东西质量太差了"])
    assert traditional == simplified
    assert simplified.top == "negative"


def test_a_line_gets_the_same_in_any_company(client: Client) -> None:
    lines = [*LINES, "", "\u200b", "x" * 4096, "好" * 1365]
    alone = [client.sentiment([line])[0] for line in lines]
    for one, other in zip(client.sentiment(lines * 8), alone * 8, strict=True):
        assert one.language == other.language
        assert one.positive == pytest.approx(other.positive, abs=1e-5)


async def test_lines_that_come_singly_share_requests(text_triton: Triton) -> None:
    async with AsyncClient(text_triton.grpc) as client:
        told = await asyncio.gather(*(client.sentiment([line]) for line in LINES * 20))
        together = await client.sentiment(LINES)
    assert [each.top for (each,) in told] == [each.top for each in together] * 20


async def test_ten_thousand_lines_of_one_call_come_back_in_order(text_triton: Triton) -> None:
    async with AsyncClient(text_triton.grpc) as client:
        told = await client.sentiment(["太好看了", "how much is it"] * 5000)
    assert [each.top for each in told] == ["positive", "neutral"] * 5000


@pytest.mark.parametrize("line", ["\ud83d", "x" * 4097])
def test_what_is_no_line_is_refused_before_it_is_sent(client: Client, line: str) -> None:
    with pytest.raises(InvalidInput, match="line 2 is"):
        client.sentiment(["fine", line])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xed\xa0\xbd", "text is not UTF-8: byte 1 is 0xed"),
        (b"x" * 10_000, "text is 10000 bytes long; a line has at most 4096 in UTF-8"),
    ],
)
def test_nor_does_the_server_take_it(text_triton: Triton, line: bytes, message: str) -> None:
    given = InferInput("text", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[line]], np.object_))
    with (
        InferenceServerClient(text_triton.grpc) as raw,
        pytest.raises(InferenceServerException, match=message) as refused,
    ):
        raw.infer("sentiment", [given])
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
