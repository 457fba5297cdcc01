"""Models of anyone's through the client's generic layer, on the real server: unary, sequences, decoupled."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import numpy as np
import pytest
from liveroom import (
    AsyncClient,
    Client,
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    ModelUnavailable,
    Response,
    RoomClosed,
    ServerUnavailable,
    Timeouts,
)
from liveroom._signature import Inputs

from server import Triton
from tests import models

X = np.arange(2 * models.VECTOR, dtype=np.float32).reshape(2, models.VECTOR)


def step(number: int) -> Inputs:
    """One request of `counter`."""
    return {"x": np.full((1, 2), number, np.float32), "which": [[0, 0]]}


@pytest.fixture
async def client(small_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(small_triton.grpc) as client:
        yield client


async def test_numpy_goes_in_and_comes_out(client: AsyncClient) -> None:
    assert np.array_equal((await client.infer("affine", {"x": X}))["y"], X @ models.weights())
    (y,) = (await client.infer("pipeline", {"x": X.tolist()}, outputs=["y"])).values()
    assert y.dtype == np.float32
    assert y.shape == X.shape


async def test_text_in_every_script_and_bytes(client: AsyncClient) -> None:
    answer = await client.infer("twice", {"x": [["ab", "直播间", ""]]})
    assert [bytes(text).decode() for text in answer["y"].flat] == ["abab", "直播间直播间", ""]
    assert answer["y"].shape == (1, 3)


async def test_inputs_that_may_be_left_out_may_be(client: AsyncClient) -> None:
    x = np.ones((1, 2), np.float32)
    assert (await client.infer("shifted", {"x": x}))["y"].tolist() == [[6, 6]]
    assert (await client.infer("shifted", {"x": x, "by": 2}))["y"].tolist() == [[3, 3]], "a single number"


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        ("affine", {"z": X}, r"model 'affine' has no input 'z': expected some of x FP32 \[-1, 16\]"),
        ("affine", {"x": X[:, :3]}, r"input 'x' has shape \[2, 3\]: expected FP32 \[-1, 16\]"),
        ("affine", {"x": X.astype(str)}, "input 'x' is <U.*: expected FP32, numpy's float32"),
        ("picky", {"x": [[0.5]]}, "input 'x' is float64: expected INT64, numpy's int64"),
        ("twice", {"x": [[1]]}, "input 'x' has int: expected text or bytes"),
        ("affine", {}, "expected 1 inputs but got 0|input"),
    ],
)
async def test_what_does_not_fit_is_said_with_what_would(
    client: AsyncClient, model: str, inputs: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        await client.infer(model, inputs)  # type: ignore[arg-type]


async def test_whole_numbers_of_another_width_fit_where_none_is_lost(client: AsyncClient) -> None:
    assert (await client.infer("picky", {"x": np.array([[2]], np.uint8)}))["y"].item() == 30
    async with client.stream("echo", sequence=True) as stream:
        with pytest.raises(InvalidInput, match=r"'x' is int64: expected INT32, .* within it"):
            await stream.send({"x": [2**40]})


async def test_errors_are_those_of_every_method(client: AsyncClient, small_triton: Triton) -> None:
    with pytest.raises(ModelUnavailable, match="'nobody'") as unknown:
        await client.infer("nobody", {})
    assert (unknown.value.code, unknown.value.model) == ("model_unavailable", "nobody")
    with pytest.raises(InvalidInput, match="idx=7") as failed:
        await client.infer("picky", {"x": [[7]]})
    assert failed.value.model == "picky"
    with pytest.raises(DeadlineExceeded):
        await client.infer("affine", {"x": X}, timeout=1e-6)
    with pytest.raises(InvalidInput, match="'echo' does not answer single calls, use a stream"):
        await client.infer("echo", {"x": 1})
    assert (await client.infer("affine", {"x": X}, timeout=math.inf)).keys() == {"y"}
    async with AsyncClient("127.0.0.1:1") as nobody:
        with pytest.raises(ServerUnavailable):
            await nobody.infer("affine", {"x": X})


async def test_a_sequence_keeps_its_state_from_request_to_request(client: AsyncClient) -> None:
    """The sum of all x, and a thousand for each request."""
    async with client.stream("counter", sequence=True) as stream:
        totals = [await stream.ask(step(n), end=n == 3) for n in (1, 2, 3)]
        assert [answer["y"].item(0) for (answer,) in totals] == [1001, 2003, 3006]
        with pytest.raises(RoomClosed, match="has ended"):
            await stream.send(step(4))


async def test_a_decoupled_model_answers_as_often_as_it_likes(client: AsyncClient) -> None:
    async with client.stream("echo", sequence=True) as stream:
        assert [int(answer["y"].item()) for answer in await stream.ask({"x": 3})] == [3, 3, 3]
        assert await stream.ask({"x": 0}) == []
        for x, end in ((2, False), (1, True)):
            await stream.send({"x": x}, end=end)
        responses = [response async for response in stream]
    assert all(isinstance(response, Response) for response in responses)
    assert [(response.request, int(response.outputs["y"].item())) for response in responses] == [
        (3, 2),
        (3, 2),
        (4, 1),
    ]


async def test_a_request_that_fails_ends_neither_the_stream_nor_its_sequence(client: AsyncClient) -> None:
    async with client.stream("echo", sequence=True) as stream:
        with pytest.raises(InferenceFailed, match="no answer"):
            await stream.ask({"x": -1})
        assert len(await stream.ask({"x": 2}, end=True)) == 2


async def test_more_than_may_be_unread_waits_and_nothing_is_lost(client: AsyncClient) -> None:
    async with client.stream("echo", sequence=True) as stream:
        await stream.send({"x": 2000}, end=True)
        assert len([response async for response in stream]) == 2000


async def test_a_model_that_owes_an_answer_for_too_long_is_given_up(small_triton: Triton) -> None:
    async with AsyncClient(small_triton.grpc, timeouts=Timeouts(stream=0.3)) as client:
        async with client.stream("counter") as stream:  # which is a sequence: Triton refuses what is none
            with pytest.raises(InferenceFailed, match="correlation ID"):
                await stream.ask(step(1))
        async with client.stream("echo", sequence=True) as stream:
            await stream.send({"x": 1000})  # of which 256 are taken, and nobody reads
            with pytest.raises(DeadlineExceeded, match="responses are unread"):
                await stream.ask({"x": 1})


def test_the_synchronous_twin_does_the_same(small_triton: Triton) -> None:
    with Client(small_triton.grpc) as client:
        assert np.array_equal(client.infer("affine", {"x": X})["y"], X @ models.weights())
        with client.stream("echo", sequence=True) as stream:
            assert len(stream.ask({"x": 3})) == 3
            stream.send({"x": 2}, end=True)
            assert [int(response.outputs["y"].item()) for response in stream] == [2, 2]
