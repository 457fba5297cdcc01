"""The real `moderation`: what it says of lines, and what it says to whatever else it is sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from liveroom import AsyncClient, InvalidInput
from liveroom._moderation import CATEGORIES, DEFAULT_THRESHOLD

from exporters.moderation import categories
from server import Triton
from tests.triton.conftest import PROJECT

INSULTS = (
    "你这个傻逼",
    "nizhegeshabi",
    "你 z 个 s 逼",
    "you stupid b1tch",
    "y o u  s t u p i d  b i t c h",
    "ѕtuріd ЬІtсһ",
)


@pytest.fixture(scope="module")
def moderation_triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    log = tmp_path_factory.mktemp("moderation") / "triton.log"
    with Triton(PROJECT / "model_repository", ["moderation"], drain_s=0, log_file=log) as triton:
        yield triton


@pytest.fixture
async def client(moderation_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(moderation_triton.grpc) as client:
        yield client


def test_client_and_server_name_the_same_categories() -> None:
    assert CATEGORIES == categories.CATEGORIES
    assert DEFAULT_THRESHOLD == categories.DEFAULT_THRESHOLD


async def test_an_insult_is_one_however_it_is_spelled(client: AsyncClient) -> None:
    insults = await client.moderate(INSULTS)
    assert [line for line, found in zip(INSULTS, insults, strict=True) if found.toxicity < 0.5] == []
    greetings = await client.moderate(["主播晚上好", "hello everyone", "666", "", "😀"])
    assert not any(found.flagged for found in greetings)


async def test_contacts_and_advertising_are_told_apart_from_insults(client: AsyncClient) -> None:
    advert, insult = await client.moderate(["刷单日结 加微信 abc12345", "你这个傻逼"])
    assert advert.scores["contact"] > 0.9
    assert advert.scores["spam"] > 0.8
    assert insult.scores["contact"] == 0
    assert insult.scores["insult"] > 0.5


async def test_a_line_gets_the_same_in_any_company(client: AsyncClient) -> None:
    odd = [
        "",
        "好" * 1365,
        "x" * 4096,
        "\u200b\u200d",
        "😀😀",
        "مرحبا بالعالم",
        "\u202eolleh",
        "ni hao",
        "666",
    ]
    lines = [*INSULTS, *odd]
    alone = [(await client.moderate([line]))[0] for line in lines]
    together = await client.moderate(lines * 30)
    for line, one, other in zip(lines * 30, alone * 30, together, strict=True):
        assert list(other.scores.values()) == pytest.approx(list(one.scores.values()), abs=1e-5), line
    assert all(0 <= score <= 1 for found in together for score in found.scores.values())


async def test_many_lines_at_once_come_back_in_their_order(client: AsyncClient) -> None:
    lines = ["你这个傻逼" if number % 7 == 0 else f"{number}" for number in range(5_000)]
    found = await client.moderate(lines)
    insult, other = found[0].toxicity, max(found[number].toxicity for number in range(5_000) if number % 7)
    assert [number for number, each in enumerate(found) if each.toxicity > (insult + other) / 2] == [
        *range(0, 5_000, 7)
    ]


async def test_long_lines_of_any_kind_are_judged_in_one_batch(client: AsyncClient) -> None:
    different = "".join(map(chr, range(0x4E00, 0x4E00 + 1365)))
    letters = " ".join(f"w{number}" for number in range(700))[:4096]
    insult = "今天天气不错我们去公园玩吧" * 50 + "你这个傻逼" + "明天也要早起上班" * 20
    found = await client.moderate([different, letters, insult, "a b " * 1024] * 4)
    assert len(found) == 16
    (alone,) = await client.moderate([insult])
    assert list(found[2].scores.values()) == pytest.approx(list(alone.scores.values()), abs=1e-5)


async def test_calls_that_come_at_the_same_time_share_requests(client: AsyncClient) -> None:
    answers = await asyncio.gather(*(client.moderate([line]) for line in INSULTS * 50))
    assert all(found.toxicity > 0.5 for (found,) in answers)


@pytest.mark.parametrize(
    ("line", "says"),
    [("x" * 4097, "4097 bytes"), ("好" * 10_000, "30000 bytes"), ("\ud83d", "half of a pair")],
)
async def test_a_line_that_cannot_be_taken_is_named(client: AsyncClient, line: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        await client.moderate(["fine", line])


@pytest.mark.parametrize(
    ("sent", "says"),
    [(b"\xff\xfe", "not UTF-8"), (b"x" * 4097, "at most 4096"), ("好" * 1366, "at most 4096")],
)
async def test_what_is_no_line_is_refused_in_our_words(
    client: AsyncClient, sent: bytes | str, says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        await client.infer("moderation", {"text": [[sent]]})
    scores = (await client.infer("moderation", {"text": [["hello"]]}))["scores"]
    assert np.isfinite(scores).all()
