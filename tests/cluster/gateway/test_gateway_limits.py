"""What one client may do, and that the others do not notice."""

import asyncio
import threading
import time
from collections import Counter
from contextlib import ExitStack

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from cluster.machine import LOOPBACK
from tests.cluster.gateway.calling import PATIENCE_S, Front, Stream, failure, request
from tests.cluster.gateway.raw_http2 import Raw

INVALID, BUSY = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED
METHOD = "/inference.GRPCInferenceService/ModelInfer"


def test_refuses_requests_that_are_too_big_and_says_what_is_not(front: Front) -> None:
    with front.stub() as stub:
        with pytest.raises(grpc.RpcError) as refused:
            stub.ModelInfer(request("identity", size=33 << 20), timeout=PATIENCE_S)
        with pytest.raises(grpc.RpcError) as taken:
            stub.ModelInfer(request("identity", size=31 << 20), timeout=PATIENCE_S)
    limits = "a request may have 32 MiB, a message of a stream 256 KiB"
    assert failure(refused.value) == (INVALID, limits)
    assert "byte size mismatch" in taken.value.details(), "not what Triton says of it"


def test_ends_a_stream_with_a_message_that_is_too_big(front: Front) -> None:
    """Triton itself would take 2 GiB. Other streams on the connection go on."""
    with front.stub() as stub, Stream(stub, "big") as big, Stream(stub, "other") as other:
        assert big.ask(request("talker", 1)).infer_response.raw_output_contents
        assert "byte size" in big.ask(request("talker", 1, size=250_000)).error_message
        with pytest.raises(grpc.RpcError):
            big.ask(request("talker", 1, size=300_000))
        assert other.ask(request("talker", 1)).infer_response.raw_output_contents
        with Stream(stub, "big from the start") as first, pytest.raises(grpc.RpcError) as refused:
            first.ask(request("talker", 1, size=300_000))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_refuses_compressed_messages(front: Front) -> None:
    """2 MB of them may be 2 GB to Triton."""
    with front.stub() as stub, pytest.raises(grpc.RpcError) as refused:
        stub.ModelInfer(request("moody"), compression=grpc.Compression.Gzip, timeout=PATIENCE_S)
    assert failure(refused.value) == (
        grpc.StatusCode.UNIMPLEMENTED,
        "compressed messages are not taken: send them as they are",
    )


def test_a_room_has_a_rate_of_its_own(front: Front) -> None:
    """120 calls at once, then 60 a second."""
    with front.stub("rated") as stub:
        calls = [
            stub.ServerLive.future(
                service_pb2.ServerLiveRequest(), metadata=(("x-room-id", "eager"),), timeout=PATIENCE_S
            )
            for _ in range(300)
        ]
        codes = [call.code() for call in calls]
        assert 120 <= codes.count(grpc.StatusCode.OK) < 250
        assert codes.count(BUSY) == 300 - codes.count(grpc.StatusCode.OK)
        calm = (("x-room-id", "calm"),)
        assert stub.ServerLive(service_pb2.ServerLiveRequest(), metadata=calm, timeout=PATIENCE_S).live


def test_a_tenant_over_its_rate_is_refused_at_once_and_others_are_served(strict: Front) -> None:
    with strict.stub("greedy") as greedy, strict.stub("modest") as modest:
        began = time.monotonic()
        calls = [
            greedy.ServerLive.future(service_pb2.ServerLiveRequest(), timeout=PATIENCE_S) for _ in range(100)
        ]
        outcomes = Counter((call.code(), call.details()) for call in calls)
        took = time.monotonic() - began
        assert 20 <= outcomes.pop((grpc.StatusCode.OK, "")) <= 20 + 10 * (took + 1)
        assert set(outcomes) == {(BUSY, "local_rate_limited")}
        for _ in range(10):
            assert modest.ServerLive(service_pb2.ServerLiveRequest(), timeout=PATIENCE_S).live


async def test_slow_clients_are_cut_off(strict: Front) -> None:
    """Whether they are slow in the handshake, in headers, or in a body, a byte now and then."""
    token = strict.credentials.token("slow")

    async def handshake() -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, strict.gateway.port)
        writer.write(b"\x16\x03\x01")
        await reader.read()
        writer.close()

    async def headers() -> None:
        async with Raw(strict, token) as client:
            client.begin(METHOD, whole=False)
            await client.reset()

    async def body() -> None:
        async with Raw(strict, token) as client:
            client.begin(METHOD)
            await client.reset(drip=b"\0")

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(asyncio.wait_for(slow(), 4.0) for slow in (handshake, headers, body)))


def test_clients_that_read_nothing_cost_little_and_hold_up_nobody(strict: Front) -> None:
    """60 MB of answers wait for them; the gateway has what fits their windows, Triton the rest."""
    with ExitStack() as stack:
        deaf, modest = stack.enter_context(strict.stub("deaf")), stack.enter_context(strict.stub("modest"))
        before = strict.memory()
        for number in range(6):
            stack.enter_context(Stream(deaf, f"deaf {number}")).send(request("talker", 160))
        most = 0
        for number in range(20):
            with Stream(modest, f"modest {number}") as other:
                assert other.ask(request("talker", 1)).infer_response.raw_output_contents
            most = max(most, strict.memory())
            time.sleep(0.05)
        assert most - before < 16 << 20


def test_huge_clients_cost_the_gateway_no_more_than_it_has(strict: Front) -> None:
    """384 MB at once, where the heap is 96 MiB: all are refused or cut off, who asks little is served."""
    memory, served, over = [], [], threading.Event()
    with strict.stub("huge") as huge, strict.stub("modest") as modest:

        def ask_little() -> None:
            while not over.is_set():
                served.append(_is_served(modest))
                memory.append(strict.memory())

        other = threading.Thread(target=ask_little)
        other.start()
        big = request("identity", size=24 << 20)
        calls = [huge.ModelInfer.future(big, timeout=PATIENCE_S) for _ in range(16)]
        cut = [call.code() for call in calls]
        over.set()
        other.join()
        assert any(served)
        assert max(memory) < 256 << 20
        refused = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INVALID_ARGUMENT}
        assert set(cut) <= refused, "the model takes 64 bytes: what came through it refused"
        deadline = time.monotonic() + PATIENCE_S
        while not _is_served(modest):
            assert time.monotonic() < deadline, "nobody is served any more"
            time.sleep(0.1)


def test_more_rooms_than_it_may_have_open_are_refused_as_what_is_over_its_rate(strict: Front) -> None:
    """So that a client knows it from a gateway that reaches no server, which is UNAVAILABLE."""
    with ExitStack() as stack:
        stub = stack.enter_context(strict.stub("crowd"))
        for number in range(10):
            stream = stack.enter_context(Stream(stub, f"crowd {number}"))
            assert stream.ask(request("talker", 1)).infer_response.raw_output_contents
        one_more = stack.enter_context(Stream(stub, "one more"))
        with pytest.raises(grpc.RpcError) as refused:
            one_more.ask(request("talker", 1))
    assert refused.value.code() is BUSY


def test_nobody_can_ask_for_statuses_that_end_triton(front: Front) -> None:
    """With the header `triton_grpc_error` one error brings it down while another request is answered."""
    with front.stub("nosy") as stub:
        with Stream(stub, "nosy", more=(("triton_grpc_error", "true"),)) as stream:
            stream.send(request("talker", 200))
            with pytest.raises(grpc.RpcError):
                stream.ask(request("talker", -1))
        with Stream(stub, "not nosy") as stream:
            assert "no answer" in stream.ask(request("talker", -1)).error_message
            assert stream.ask(request("talker", 1)).infer_response.raw_output_contents, "the stream goes on"


def _is_served(stub: service_pb2_grpc.GRPCInferenceServiceStub) -> bool:
    try:
        stub.ModelInfer(request("moody"), timeout=PATIENCE_S)
    except grpc.RpcError:
        return False
    return True
