"""Which replica a call or a room goes to, also when replicas come, go, hang or die."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from cluster.credentials import Credentials
from cluster.gateway import Gateway
from cluster.gateway_config import Upstream
from cluster.machine import LOOPBACK
from server import Triton
from server.health_monitor import HealthMonitor
from server.launch import pick_port
from server.readiness import Readiness
from tests.cluster.gateway.calling import PATIENCE_S, Front, Stream, failure, request
from tests.cluster.gateway.conftest import PUBLIC, port, started, upstreams

GONE = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
"""What a stream ends with whose replica is gone: after the first answer, and before."""


def opened(front: Front, stub: service_pb2_grpc.GRPCInferenceServiceStub, room: str, attempt: int = 0) -> int:
    """The port of the replica that a new stream of `room` goes to."""
    before = {number: host.total for number, host in front.gateway.hosts().items()}
    with Stream(stub, room, attempt) as stream:
        stream.ask(request("talker", 1))
        after = front.gateway.hosts()
    (chosen,) = [number for number, host in after.items() if host.total > before.get(number, 0)]
    return chosen


def wait_for(front: Front, healthy: set[int]) -> None:
    """Until the gateway sends rooms to these replicas and no others."""
    deadline = time.monotonic() + PATIENCE_S
    while {number for number, host in front.gateway.hosts().items() if host.healthy} != healthy:
        assert time.monotonic() < deadline, f"{front.gateway.hosts()} are not {healthy}"
        time.sleep(0.02)
    time.sleep(0.15)  # its worker hears of it 0.1 s later


def test_calls_go_to_the_replica_with_the_fewest(front: Front) -> None:
    with front.stub() as stub:
        long = stub.ModelInfer.future(request("moody", 700), timeout=PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while not any(host.active for host in front.gateway.hosts("calls").values()):
            assert time.monotonic() < deadline
        before = front.gateway.hosts("calls")
        for _ in range(8):
            stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=PATIENCE_S)
        after = front.gateway.hosts("calls")
        assert not long.done(), "this machine is too slow for this test"
    (busy,) = [number for number, host in before.items() if host.active]
    assert {number: after[number].total - host.total for number, host in before.items()} == {
        busy: 0,
        next(number for number in before if number != busy): 8,
    }


def test_a_room_goes_to_one_replica_and_another_attempt_elsewhere(front: Front) -> None:
    with front.stub() as stub:
        (home,) = {opened(front, stub, "home") for _ in range(6)}
        assert {opened(front, stub, "home", attempt) for attempt in range(1, 9)} != {home}
        rooms = Counter(opened(front, stub, f"room {number}") for number in range(24))
    assert len(rooms) == 2


def test_frames_of_a_room_go_to_one_replica(front: Front) -> None:
    with front.stub() as stub:
        for _ in range(8):
            stub.ModelInfer(request("moody", 0), metadata=(("x-room-id", "film"),), timeout=PATIENCE_S)
    assert len({entry["replica"] for entry in front.logged(8)}) == 1


def test_no_replica_gets_many_more_rooms_than_another(front: Front) -> None:
    """At most 1.1 times the mean, rounded up, and one; here of rooms that all belong to one replica."""
    with front.stub() as stub, ExitStack() as stack:
        homes = {room: opened(front, stub, room) for room in (f"crowd {number}" for number in range(30))}
        home, _ = Counter(homes.values()).most_common(1)[0]
        rooms = [room for room in homes if homes[room] == home][:12]
        for room in rooms:
            stack.enter_context(Stream(stub, room)).ask(request("talker", 1))
        active = [host.active for host in front.gateway.hosts().values()]
    assert sum(active) == len(rooms) == 12
    assert max(active) <= 8


def test_tries_again_only_what_no_server_has_begun_or_what_has_no_state(front: Front) -> None:
    """`moody` says that it is too busy: calls without a room are tried elsewhere, once."""
    with front.stub() as stub:
        for metadata in ((), (("x-room-id", "film"),)):
            with pytest.raises(grpc.RpcError) as refused:
                stub.ModelInfer(request("moody", -1), metadata=metadata, timeout=PATIENCE_S)
            assert failure(refused.value)[0] is grpc.StatusCode.UNAVAILABLE
        with pytest.raises(grpc.RpcError):
            stub.ModelInfer(request("moody", 1, size=8), timeout=PATIENCE_S)
    assert [entry["tries"] for entry in front.logged(3)] == [2, 1, 1]


def test_clients_cannot_ask_for_more_attempts(front: Front) -> None:
    metadata = (
        ("x-envoy-max-retries", "9"),
        ("x-envoy-retry-grpc-on", "unavailable,internal,invalid-argument"),
        ("x-envoy-retry-on", "5xx,reset"),
    )
    with front.stub() as stub, pytest.raises(grpc.RpcError):
        stub.ModelInfer(request("moody", -1), metadata=metadata, timeout=PATIENCE_S)
    assert front.logged(1)[0]["tries"] == 2


def test_a_server_that_refuses_connections_gets_no_third_room(
    tritons: list[Triton], credentials: Credentials, tmp_path: Path
) -> None:
    """A client tries three times, and for a second nothing else tells of the server's end."""
    (alive, _), refused = upstreams(tritons), 0
    dead = Upstream(pick_port(0, LOOPBACK, "nobody"), alive.ready_port)
    with (
        Gateway(tmp_path, credentials, [alive, dead], public=PUBLIC) as gateway,
        Front(gateway, credentials).stub() as stub,
    ):
        for number in range(12):
            try:
                with Stream(stub, f"room {number}") as stream:
                    stream.ask(request("talker", 1))
            except grpc.RpcError:
                refused += 1
                time.sleep(0.05)  # as clients do, or longer
    assert 0 < refused <= 2


def test_replicas_come_and_go_while_rooms_go_on(
    tritons: list[Triton], credentials: Credentials, tmp_path: Path
) -> None:
    """One that ends says so on /ready: what is open there stays, and no room comes any more."""
    one, other = tritons
    ending = Readiness(0)
    ending.follow(HealthMonitor(one.grpc, one.models, one.metrics))
    leaving = Upstream(port(one.grpc), ending.port)
    (staying,) = upstreams([other])
    with Gateway(tmp_path, credentials, [leaving], public=PUBLIC) as gateway:
        front = Front(gateway, credentials)
        wait_for(front, {leaving.grpc_port})
        with front.stub() as stub, Stream(stub, "first") as first:
            first.ask(request("talker", 1))
            gateway.update([leaving, staying])
            wait_for(front, {leaving.grpc_port, staying.grpc_port})
            assert {opened(front, stub, f"room {number}") for number in range(12)} == {
                leaving.grpc_port,
                staying.grpc_port,
            }
            ending.end()
            wait_for(front, {staying.grpc_port})
            assert {opened(front, stub, f"room {number}") for number in range(6)} == {staying.grpc_port}
            assert first.ask(request("talker", 1)).infer_response.raw_output_contents
            gateway.update([staying])
            assert first.ask(request("talker", 1)).infer_response.raw_output_contents
    ending.close()


@pytest.fixture
def fragile(
    front_models: Path, tritons: list[Triton], credentials: Credentials, tmp_path: Path
) -> Iterator[tuple[Front, Triton]]:
    """A gateway before a server that may be hurt and one that may not."""
    with started(front_models) as victim:
        replicas = upstreams([victim, tritons[0]])
        with Gateway(tmp_path, credentials, replicas, public=PUBLIC) as gateway:
            front = Front(gateway, credentials)
            wait_for(front, {replica.grpc_port for replica in replicas})
            yield front, victim


@pytest.mark.thorough
def test_rooms_leave_a_server_that_hangs(fragile: tuple[Front, Triton]) -> None:
    """It accepts connections and answers nothing; its pings tell, whatever /ready still says."""
    front, victim = fragile
    lost, safe = port(victim.grpc), next(n for n in front.gateway.hosts() if n != port(victim.grpc))
    with front.stub() as stub, ExitStack() as stack:
        rooms = [stack.enter_context(Stream(stub, f"room {number}")) for number in range(8)]
        for room in rooms:
            room.ask(request("talker", 1))
        assert 0 < front.gateway.hosts()[lost].active < 8
        os.kill(victim.pid, signal.SIGSTOP)
        began = time.monotonic()
        while front.gateway.hosts()[lost].active:
            assert time.monotonic() - began < 8.0, "streams of a server that hangs are still open"
            time.sleep(0.05)
        wait_for(front, {safe})
        time.sleep(0.1)
        ended = {room.call.code() for room in rooms if room.call.done()}
        assert ended
        assert ended <= set(GONE)
        assert {opened(front, stub, f"room {number}", 1) for number in range(6)} == {safe}


def test_calls_leave_a_server_that_dies_before_its_health_tells(fragile: tuple[Front, Triton]) -> None:
    front, victim = fragile
    alive = service_pb2.ServerLiveRequest()
    with front.stub() as stub:
        assert stub.ServerLive(alive, timeout=PATIENCE_S).live
        os.killpg(victim.pid, signal.SIGKILL)
        outcomes = [_code(stub, alive) for _ in range(30)]
    assert outcomes.count(grpc.StatusCode.OK) >= 29, "more than the call that met its end"


def _code(
    stub: service_pb2_grpc.GRPCInferenceServiceStub, message: service_pb2.ServerLiveRequest
) -> grpc.StatusCode:
    try:
        stub.ServerLive(message, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return failure(error)[0]
    return grpc.StatusCode.OK
