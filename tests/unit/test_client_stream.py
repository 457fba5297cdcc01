"""A stream to any model, against a peer that answers as often as it is told, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import struct

import grpc
import numpy as np
import pytest
from liveroom import DeadlineExceeded, InferenceFailed, InvalidInput, Limits, Overloaded, RoomClosed, Timeouts
from tritonclient.grpc import service_pb2

from tests.unit.peer import Peer, Request, Send, acknowledgement, refusal


class Repeater(Peer):
    """Takes x INT32 [1] and gives it back x times; below 0 it refuses, and 99 it never answers."""

    def __init__(self) -> None:
        super().__init__(_repeat)

    async def ModelMetadata(  # noqa: N802 - the name is Triton's
        self, request: service_pb2.ModelMetadataRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.ModelMetadataResponse:
        """What it takes and gives."""
        metadata = service_pb2.ModelMetadataResponse(name=request.name, versions=["1"])
        metadata.inputs.add(name="x", datatype="INT32", shape=[1])
        metadata.outputs.add(name="y", datatype="INT32", shape=[1])
        return metadata


async def _repeat(request: Request, send: Send) -> None:
    (x,) = struct.unpack("<i", request.raw_input_contents[0])
    if x == 99:
        return
    if x < 0:
        mark = "[overloaded] " if x < -1 else ""
        await send(refusal(request.id, f"{mark}no negatives"))
        return
    for _ in range(x):
        response = service_pb2.ModelStreamInferResponse()
        response.infer_response.id = request.id
        response.infer_response.parameters["triton_final_response"].bool_param = False
        response.infer_response.outputs.add(name="y", datatype="INT32", shape=[1])
        response.infer_response.raw_output_contents.append(struct.pack("<i", x))
        await send(response)
    await send(acknowledgement(request.id))


async def test_requests_are_answered_in_part_by_asking_and_in_part_by_reading() -> None:
    async with Repeater().client() as client, client.stream("m", sequence=True) as stream:
        first = await stream.send({"x": 2})
        assert [len(await stream.ask({"x": n})) for n in (0, 1, 3)] == [0, 1, 3]
        last = await stream.send({"x": np.array([1], np.int32)}, end=True)
        assert [response.request async for response in stream] == [first, first, last]
        with pytest.raises(RoomClosed, match="has ended"):
            await stream.send({"x": 1})


async def test_flags_of_a_sequence_stand_on_its_first_and_last_request() -> None:
    peer = Repeater()
    async with peer.client() as client, client.stream("m", sequence=True) as stream:
        for number in range(3):
            await stream.ask({"x": 1}, end=number == 2)
    flags = [[r.parameters[f"sequence_{at}"].bool_param for at in ("start", "end")] for r in peer.chunks]
    assert flags == [[True, False], [False, False], [False, True]]
    assert len({request.parameters["sequence_id"].string_param for request in peer.chunks}) == 1


async def test_what_is_said_against_a_request_is_raised_where_it_is_read_and_the_stream_goes_on() -> None:
    async with Repeater().client() as client, client.stream("m") as stream:
        with pytest.raises(InferenceFailed, match="no negatives") as failed:
            await stream.ask({"x": -1})
        assert failed.value.model == "m"
        await stream.send({"x": -2})
        with pytest.raises(Overloaded):
            await anext(stream)
        with pytest.raises(InvalidInput, match="no input 'z'"):
            await stream.send({"z": 1})
        assert len(await stream.ask({"x": 4})) == 4


async def test_responses_that_nobody_reads_hold_the_stream_up_and_none_is_lost() -> None:
    limits = Limits(unread_finals=16)
    async with Repeater().client(limits=limits, timeouts=Timeouts(stream=0.2)) as client:
        async with client.stream("m") as stream:
            await stream.send({"x": 90}, end=True)
            assert len([response async for response in stream]) == 90
        async with client.stream("m") as stream:
            await stream.send({"x": 90})
            with pytest.raises(DeadlineExceeded, match="16 responses are unread"):
                await stream.ask({"x": 1})


async def test_a_model_that_never_answers_is_given_up() -> None:
    async with (
        Repeater().client(timeouts=Timeouts(stream=0.2)) as client,
        client.stream("m") as stream,
    ):
        with pytest.raises(DeadlineExceeded, match="model 'm' has said nothing for"):
            await stream.ask({"x": 99})


async def test_who_is_cancelled_ends_no_other_request_of_the_stream() -> None:
    async with Repeater().client() as client, client.stream("m") as stream:
        for turns in range(6):
            other = asyncio.create_task(stream.ask({"x": 50}))
            await asyncio.sleep(0)
            cancelled = asyncio.create_task(stream.ask({"x": 50}))
            for _ in range(turns):
                await asyncio.sleep(0)
            cancelled.cancel()
            assert len(await other) == 50
            with pytest.raises(asyncio.CancelledError):
                await cancelled


async def test_answers_that_nobody_waits_for_any_more_take_no_place() -> None:
    limits = Limits(unread_finals=16)
    async with Repeater().client(limits=limits) as client, client.stream("m") as stream:
        for _ in range(4):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stream.ask({"x": 90}), 0.001)
        assert len(await stream.ask({"x": 40})) == 40
        await stream.send({"x": 1})
        assert (await anext(stream)).outputs["y"] == 1


async def test_a_sequence_whose_first_request_is_refused_begins_with_the_next() -> None:
    peer = Repeater()
    async with peer.client() as client, client.stream("m", sequence=True) as stream:
        for x in (-1, -1, 1, 1):
            with contextlib.suppress(InferenceFailed):
                await stream.ask({"x": x})
    starts = [request.parameters["sequence_start"].bool_param for request in peer.chunks]
    assert starts == [True, True, True, False]


async def test_many_may_ask_at_once() -> None:
    """gRPC takes one request at a time."""
    async with Repeater().client(limits=Limits(unacknowledged=200)) as client, client.stream("m") as stream:
        answers = await asyncio.gather(*(stream.ask({"x": 1}) for _ in range(200)))
    assert [len(answer) for answer in answers] == [1] * 200
