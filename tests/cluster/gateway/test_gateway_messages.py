"""A stream's messages through the gateway: each comes once, in order, however they are cut into frames."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tritonclient.grpc import service_pb2

from tests.cluster.gateway.calling import PATIENCE_S, Front, request

UNDER_WAY = 200_000
"""Bytes: with more than its stream's window, 256 KiB, a client risks that the gateway gives the stream up."""


@pytest.mark.parametrize("kilobytes", [1, 20, 40, 66])
def test_many_messages_at_once_come_once_each(front: Front, kilobytes: int) -> None:
    """As when a room says again what it has said. HTTP/2 cuts messages of more than 16 KiB."""
    numbers = [str(number) for number in range(min(8, UNDER_WAY // (1000 * kilobytes)))]

    def messages() -> Iterator[service_pb2.ModelInferRequest]:
        for number in numbers:
            message = request("talker", 1)
            message.id = number
            message.parameters["padding"].string_param = "x" * (1000 * kilobytes)
            yield message

    with front.stub() as stub:
        metadata = (("x-room-id", uuid4().hex), ("x-room-attempt", "0"))
        call = stub.ModelStreamInfer(messages(), metadata=metadata, timeout=PATIENCE_S)
        assert [answer.infer_response.id for answer in call] == numbers
