"""A server behind a gateway that lets all of its models be called, for requests that are malformed."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import grpc
import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tritonclient.grpc import service_pb2_grpc

from cluster.credentials import Credentials
from cluster.gateway import Gateway
from cluster.gateway_config import Upstream
from server import Triton
from server.health_monitor import HealthMonitor
from server.readiness import Readiness
from tests.cluster.gateway.calling import Front
from tests.malformed import Malformed, requests, sound

ANSWER_S = 20.0
"""After so long without an answer a request hangs."""
TOGETHER = 50
"""Requests that are drawn at once; eight of them are under way."""
CODE = grpc.StatusCode
FINE = (
    *(CODE.OK, CODE.INVALID_ARGUMENT, CODE.NOT_FOUND, CODE.UNAVAILABLE, CODE.UNIMPLEMENTED),
    *(CODE.PERMISSION_DENIED, CODE.RESOURCE_EXHAUSTED, CODE.ALREADY_EXISTS),
    CODE.FAILED_PRECONDITION,  # of a stream's message that is longer than the gateway's window
)
SLOW = int(os.environ.get("MALFORMED_REQUESTS", "100000")) // 2
"""Of each server where time does not count."""
SEED = int(os.environ.get("MALFORMED_SEED", "1"))


class Target:
    """A server behind a gateway that lets all of its models be called."""

    def __init__(self, triton: Triton, stub: service_pb2_grpc.GRPCInferenceServiceStub) -> None:
        self.triton, self._stub = triton, stub
        room = uuid4().hex
        self.requests = requests(
            {name: sound(model, triton.models, room) for name, model in triton.models.items()}
        )
        self._threads = ThreadPoolExecutor(8)
        self._processes = self._living()
        self.outcomes: Counter[str] = Counter()

    def send(self, messages: Sequence[Malformed]) -> None:
        """Fails on the first that got no answer, or one that says that something is broken."""
        for message, error in zip(messages, self._threads.map(self._asked, messages), strict=True):
            code = CODE.OK if error is None else error.code()
            self.outcomes[f"{code.name}"] += 1
            assert code in FINE, f"{code.name}: {error and error.details()}: {message!r}"
        assert self._living() == self._processes, "a process of a model died"

    def _asked(self, malformed: Malformed) -> grpc.RpcError | None:
        message = malformed.message
        model = self.triton.models[message.model_name]
        try:
            if model.decoupled:
                list(self._stub.ModelStreamInfer(iter([message]), timeout=ANSWER_S))
            else:
                self._stub.ModelInfer(message, timeout=ANSWER_S)
        except grpc.RpcError as error:
            return error
        return None

    def _living(self) -> set[psutil.Process]:
        children = psutil.Process(self.triton.pid).children()
        return {child for child in children if child.status() != psutil.STATUS_ZOMBIE}


@contextmanager
def behind_a_gateway(triton: Triton, folder: Path) -> Iterator[Target]:
    """The server, with its canaries, as in a cluster."""
    credentials, ready = Credentials.create(folder / "credentials"), Readiness(0)
    ready.follow(HealthMonitor(triton.grpc, triton.models, triton.metrics))
    upstream = Upstream(int(triton.grpc.rpartition(":")[2]), ready.port)
    with Gateway(folder / "gateway", credentials, [upstream], public=tuple(triton.models)) as gateway:
        front = Front(gateway, credentials)
        deadline = time.monotonic() + ANSWER_S
        while not all(host.healthy for name in ("calls", "rooms") for host in gateway.hosts(name).values()):
            assert time.monotonic() < deadline, f"not ready: {ready.wrong()}"
            time.sleep(0.1)
        with front.stub() as stub:
            yield Target(triton, stub)
        deadline = time.monotonic() + ANSWER_S
        while wrong := ready.wrong():  # a canary may just have been refused, or be late
            assert time.monotonic() < deadline, f"something is broken: {wrong}"
            time.sleep(0.5)
    ready.close()


def send_many(target: Target, count: int, number: int) -> None:
    """`count` malformed requests, the same for the same number."""

    @seed(number)
    @settings(
        max_examples=count // TOGETHER,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # the message that fails is named: nothing to be gained by fewer of them
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(target.requests, min_size=TOGETHER, max_size=TOGETHER))
    def sent(messages: list[Malformed]) -> None:
        target.send(messages)

    sent()
    print(f"\n{sum(target.outcomes.values())} requests: {dict(target.outcomes.most_common())}")
