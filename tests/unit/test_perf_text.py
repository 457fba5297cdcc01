"""`perf text`: what its load sends and counts, and what is said first."""

import asyncio
from typing import cast

import pytest
from liveroom import AsyncClient, Overloaded

from perf.text import detoxify, load
from perf.text.section import section


async def judged(judge: load.Judge, rate: float = 200.0, seconds: float = 0.5) -> load.Arrivals:
    return await load.arrivals("127.0.0.1:9", judge, ["a", "b", "c"], rate, seconds)


async def test_lines_come_one_by_one_whatever_becomes_of_those_before() -> None:
    asked: list[list[str]] = []
    open_ = 0
    most = 0

    async def slow(_: AsyncClient, lines: list[str]) -> None:
        nonlocal open_, most
        asked.append(lines)
        open_ += 1
        most = max(most, open_)
        await asyncio.sleep(0.1 if len(asked) > 1 else 0)
        open_ -= 1

    seen = await judged(slow)
    assert len(seen.latency_s) == len(asked) - 1 == pytest.approx(100, abs=35)
    assert all(len(lines) == 1 for lines in asked[1:]), "the first one warms up"
    assert most > 5, "who waits for answers would have one open"
    assert min(seen.latency_s) >= 0.1


async def test_lines_that_fail_are_counted_and_others_go_on() -> None:
    count = 0

    async def picky(_: AsyncClient, lines: list[str]) -> None:
        nonlocal count
        count += 1
        if count % 3 == 0:
            raise Overloaded(f"no {lines}")

    found = (await judged(picky)).to_json()
    assert cast(int, found["failed"]) == pytest.approx(cast(int, found["answered"]) / 2, abs=2)


async def test_throughput_counts_whole_batches_of_lines_in_turn() -> None:
    sizes: list[int] = []

    async def judge(_: AsyncClient, lines: list[str]) -> None:
        sizes.append(len(lines))
        await asyncio.sleep(0.01)

    rate = await load.throughput("127.0.0.1:9", judge, ["a", "b", "c"], 0.3)
    assert set(sizes) == {load.BATCH}
    assert rate == pytest.approx(load.CALLERS * load.BATCH / 0.01, rel=0.5)


def test_the_peer_s_network_is_bert_base_and_leaves_padding_out() -> None:
    network = detoxify.Network().eval()
    weights = sum(weight.numel() for weight in network.parameters())
    assert weights == pytest.approx(109.5e6, rel=0.01)
    assert detoxify.tokens("主播好") == 5
    assert detoxify.tokens("hello world") == 5
    assert detoxify.tokens("好" * 1000) == 512
    import torch  # noqa: PLC0415

    with torch.inference_mode():
        alone = network(torch.tensor([[7, 8, 9]]))
        beside = network(torch.tensor([[7, 8, 9, 0, 0], [1, 2, 3, 4, 5]]))[:1]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_the_first_line_says_what_both_models_do_together() -> None:
    rows = [{"models": name, "lines_per_s": 5000.0} for name in load.JUDGES]
    shown = section({"throughput": rows, "singly": [], "peer": {"models": "peer", "lines_per_s": 50.0}})
    assert shown.headline == "5,000 lines of chat a second, judged and their mood told."
    assert len(shown.tables[0].rows) == 4
    with pytest.raises(RuntimeError, match="not a result of perf text"):
        section({})
