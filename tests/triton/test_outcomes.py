"""What viewers did, reported to a real store: once each, whole or not at all."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from liveroom import AsyncClient, InvalidInput

from server import Triton
from serving_common.store import Store
from serving_common.store.journal import STREAM


@pytest.fixture
async def client(platform_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(platform_triton.grpc) as client:
        yield client


async def test_an_outcome_counts_once(client: AsyncClient) -> None:
    assert await client.report_outcome("enter", "v1", room="r1", id="once")
    assert not await client.report_outcome("enter", "v1", room="r1", id="once")
    assert await client.report_outcome("enter", "v1", room="r1")


async def test_the_same_from_many_callers_counts_once(client: AsyncClient) -> None:
    calls = (client.report_outcome("click", "v1", room="r1", id="many") for _ in range(32))
    assert sum(await asyncio.gather(*calls)) == 1


async def test_thousands_go_at_once(client: AsyncClient) -> None:
    many = [{"id": f"m{n}", "kind": "enter", "viewer": f"v{n}", "room": "r"} for n in range(2500)]
    assert await client.report_outcomes(many) == [True] * 2500
    assert await client.report_outcomes(many[:10]) == [False] * 10


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ({"id": "x", "kind": "enter", "viewer": "v"}, "has no room"),
        ({"id": "x", "kind": "jump", "viewer": "v"}, "jump"),
        ({"id": "x", "kind": "click"}, "viewer"),
        ({"id": "", "kind": "click", "viewer": "v"}, "id"),
        ({"id": "x", "kind": "gift", "viewer": "v", "value": -1}, "value"),
        ({"id": "x", "kind": "gift", "viewer": "v", "value": 1.5}, "value"),
        ({"id": "x", "kind": "click", "viewer": "v", "time_s": time.time() + 3600}, "ahead"),
        ({"id": "x", "kind": "click", "viewer": "v", "romm": "r"}, "romm"),
        ({"id": "x", "kind": "click", "viewer": "v", "item": "x" * 5000}, "at most 4096"),
    ],
)
async def test_a_bad_outcome_is_named_and_none_is_counted(
    client: AsyncClient, outcome: dict[str, Any], message: str
) -> None:
    good = {"id": "beside", "kind": "click", "viewer": "v"}
    with pytest.raises(InvalidInput, match=f"outcome 2 of 2.*{message}"):
        await client.report_outcomes([good, outcome])


async def test_what_takes_outcomes_is_healthy(client: AsyncClient) -> None:
    assert (await client.health("catalog", "outcomes")).ok


async def test_what_stood_beside_a_bad_one_can_be_reported_again(client: AsyncClient) -> None:
    assert await client.report_outcome("click", "v", id="beside")


async def test_it_is_in_the_store_with_its_time(client: AsyncClient, platform_triton: Triton) -> None:
    await client.report_outcome("gift", "giver", room="r1", value=500, id="in-the-store")
    assert platform_triton._store is not None
    store = Store(platform_triton._store.address)
    try:
        ((_, fields),) = store.ask(lambda redis: redis.xrevrange(STREAM, count=1))
    finally:
        store.close()
    kept = json.loads(fields[b"v"])
    assert fields[b"o"] == b""
    assert kept.pop("time_s") == pytest.approx(time.time(), abs=10)
    assert kept == {"id": "in-the-store", "kind": "gift", "viewer": "giver", "room": "r1", "value": 500}
