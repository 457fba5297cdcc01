"""What platforms announce, with a real store: whole or not at all, at once on every replica."""

import asyncio
import contextlib
import json
import math
import os
import signal
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest
from liveroom import AsyncClient, InvalidInput, ServerUnavailable
from liveroom._json_parts import MOST
from liveroom.cli._catalog import KINDS as COMMANDS_KINDS
from tritonclient.grpc import InferInput
from tritonclient.grpc.aio import InferenceServerClient

from catalog.changes import MOST as MOST_CHANGES
from catalog.kinds import KINDS, LONGEST
from outcomes.events import MOST as MOST_OUTCOMES
from server import Triton


@pytest.fixture
async def client(platform_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(platform_triton.grpc) as client:
        yield client


async def rooms(client: AsyncClient) -> dict[str, object]:
    return {item["id"]: item async for item in client.announced("rooms")}


async def test_an_item_is_merged_read_and_removed(client: AsyncClient) -> None:
    room = {"id": "merge-1", "title": "晚上好 good evening", "tags": ["music"]}
    assert await client.announce("rooms", [room]) == [room]
    changed = await client.announce("rooms", [{"id": "merge-1", "tags": None, "live": False}])
    assert changed == [{"id": "merge-1", "title": "晚上好 good evening", "live": False}]
    assert (await rooms(client))["merge-1"] == changed[0]
    assert await client.announce("rooms", [{"id": "merge-1", "delete": True}]) == [None]
    assert "merge-1" not in await rooms(client)


async def test_changes_of_one_item_are_made_in_their_order(client: AsyncClient) -> None:
    found = await client.announce(
        "rooms",
        [{"id": "twice", "title": "a"}, {"id": "twice", "host": "b"}, {"id": "twice", "delete": True}],
    )
    assert found == [{"id": "twice", "title": "a"}, {"id": "twice", "title": "a", "host": "b"}, None]


async def test_many_go_in_several_requests_and_are_all_listed(client: AsyncClient) -> None:
    many = [{"id": f"many-{n}", "title": str(n)} for n in range(2500)]
    assert len(await client.announce("rooms", many)) == 2500
    found = await rooms(client)
    assert {item["id"] for item in many} <= found.keys()
    await client.announce("rooms", [{"id": item["id"], "delete": True} for item in many])


async def test_callers_at_the_same_time_lose_nothing(client: AsyncClient) -> None:
    tags = [f"tag{n}" for n in range(16)]
    await client.announce("rooms", [{"id": "shared"}])
    keys = ["host", "title", "language", "paid", "hidden", "started_s"]
    values = ["h", "t", "zh", True, True, 5.0]
    both = [{"id": "shared", key: value} for key, value in zip(keys, values, strict=True)]
    await asyncio.gather(*(client.announce("rooms", [change]) for change in both))
    assert (await rooms(client))["shared"] == {"id": "shared", **dict(zip(keys, values, strict=True))}
    await client.announce("rooms", [{"id": "shared", "tags": tags}, {"id": "shared", "delete": True}])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, r"change 2 of 2 has the id ''.*1 to 128"),
        ({"title": "x"}, r"change 2 of 2 has the id None"),
        ({"id": "x", "titel": "x"}, "titel"),
        ({"id": "x", "title": 3}, r"item 'x'.*title"),
        ({"id": "x", "live": "yes"}, "live"),
        ({"id": "x", "tags": ["x"] * 33}, "tags"),
        ({"id": "x", "exposures": -1}, "exposures"),
        ({"id": "x", "title": "好" * 513}, "512"),
        ({"id": "y" * 129}, "128"),
        ({"id": "x", "started_s": 1e300}, "started_s"),
    ],
)
async def test_a_bad_change_is_named_and_none_is_made(
    client: AsyncClient, change: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await client.announce("rooms", [{"id": "good"}, change])
    assert "good" not in await rooms(client)


@pytest.mark.parametrize("change", [{"id": "x", "started_s": math.nan}, {"id": {1}}, "x", None])
async def test_what_json_cannot_have_is_not_sent(client: AsyncClient, change: object) -> None:
    with pytest.raises(InvalidInput, match="change 1"):
        await client.announce("rooms", [change])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"kind": [["cats"]], "cursor": [[""]]}, r"kind is 'cats'.*rooms"),
        ({"kind": [["rooms"]], "catalog": [["x"]], "cursor": [[""]]}, "rooms have none"),
        ({"kind": [["rooms"]], "cursor": [["abc"]]}, "cursor is 'abc'"),
        ({"kind": [[b"\xff"]], "cursor": [[""]]}, "UTF-8"),
        ({"kind": [["rooms"]], "changes": [["[" * 1000]]}, "change 1 of 1"),
        ({"kind": [["rooms"]], "changes": [[json.dumps({"id": "x", "title": "x" * LONGEST})]]}, "bytes long"),
        ({"kind": [["rooms"]], "changes": [["{}"] * (MOST_CHANGES + 1)]}, "at most 1000"),
    ],
)
async def test_a_bad_request_says_what_would_be_right(
    client: AsyncClient, inputs: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await client.infer("catalog", inputs)  # type: ignore[arg-type]


def test_client_and_model_agree() -> None:
    assert MOST_CHANGES == MOST
    assert MOST_OUTCOMES == MOST
    assert set(COMMANDS_KINDS) == KINDS.keys()


async def test_a_tenant_sees_its_own_items_only(platform_triton: Triton) -> None:
    async def call(tenant: str, **inputs: list[list[str]]) -> list[bytes]:
        tensors = []
        for name, value in {"kind": [["rooms"]], **inputs}.items():
            tensor = InferInput(name, [1, len(value[0])], "BYTES")
            tensor.set_data_from_numpy(np.array([[each.encode() for each in value[0]]], np.object_))
            tensors.append(tensor)
        async with InferenceServerClient(platform_triton.grpc) as client:
            answer = await client.infer("catalog", tensors, headers={"x-tenant": tenant})
        return list(answer.as_numpy("items").reshape(-1))

    for tenant in ("one", "two"):
        await call(tenant, changes=[[json.dumps({"id": "same", "title": tenant})]])
    for tenant in ("one", "two"):
        assert [json.loads(item)["title"] for item in await call(tenant, cursor=[[""]])] == [tenant]
        await call(tenant, changes=[[json.dumps({"id": "same", "delete": True})]])
    assert await call("one", cursor=[[""]]) == []


async def test_a_store_that_is_gone_is_said_to_be_and_comes_back_with_what_it_held(
    client: AsyncClient, platform_triton: Triton
) -> None:
    store = platform_triton._store
    assert store is not None
    assert store._process is not None
    await client.announce("rooms", [{"id": "kept"}])
    await asyncio.sleep(1.2)  # it writes to disk once a second
    os.kill(store._process.pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(ServerUnavailable, match=r"the store .* failed"):
            await client.announce("rooms", [{"id": "kept", "title": "lost"}])
        with pytest.raises(ServerUnavailable, match=r"the store .* failed"):
            await client.report_outcome("click", "v")
        assert time.monotonic() - began < 5
        empty = await client.infer("catalog", {"kind": [["rooms"]]})  # what canaries ask
        assert empty["items"].size == 0
    finally:
        os.kill(store._process.pid, signal.SIGKILL)
    while time.monotonic() - began < 20:
        with contextlib.suppress(ServerUnavailable):
            assert (await rooms(client))["kept"] in ({"id": "kept"}, {"id": "kept", "title": "lost"})
            break
    else:
        pytest.fail("the store did not come back")
    await client.announce("rooms", [{"id": "kept", "delete": True}])
