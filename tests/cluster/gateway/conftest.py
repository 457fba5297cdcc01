"""Two small Tritons behind the gateway, shared by all its tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.credentials import Credentials
from cluster.gateway import Gateway
from cluster.gateway_config import ENVOY_YAML, Upstream
from server import Triton
from tests import models
from tests.cluster.gateway.calling import Front

ADMIN_KEY = "a-key-for-tests-only"
PUBLIC = ("identity", "moody", "talker")
"""What tenants may call; there is `hidden` too."""

_MOODY = '''
import time

import triton_python_backend_utils as pb


class TritonPythonModel:
    """Answers x after x milliseconds; is too busy where x is negative."""

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        x = pb.get_input_tensor_by_name(request, "x").as_numpy()
        if x[0] < 0:
            return pb.InferenceResponse(error=pb.TritonError("too busy", pb.TritonError.UNAVAILABLE))
        time.sleep(x[0] / 1000)
        return pb.InferenceResponse([pb.Tensor("y", x)])
'''

_TALKER = models.REPEATER.format(answer="np.zeros(16384, np.int32)")
"""Answers x times with 64 KiB."""


@pytest.fixture(scope="package")
def front_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with `identity`, `hidden`, `moody` (unary) and `talker` (decoupled)."""
    repository = tmp_path_factory.mktemp("front")
    models.identity(repository)
    models.identity(repository, "hidden")
    unary = (
        models.PYTHON + models.tensor("input", "x", "INT32", 1) + models.tensor("output", "y", "INT32", -1)
    )
    models.write(repository, "moody", f"{unary}max_batch_size: 0\n", code=_MOODY)
    streamed = f"{unary}max_batch_size: 0\nmodel_transaction_policy {{ decoupled: true }}\n"
    models.write(repository, "talker", streamed, code=_TALKER)
    return repository


@pytest.fixture(scope="package")
def tritons(front_models: Path) -> Iterator[list[Triton]]:
    """Two servers with them; what is not inference needs a key."""
    with started(front_models) as one, started(front_models) as other:
        yield [one, other]


@pytest.fixture(scope="package")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    """The gateway's."""
    return Credentials.create(tmp_path_factory.mktemp("credentials"))


@pytest.fixture(scope="package")
def front(
    tmp_path_factory: pytest.TempPathFactory, tritons: list[Triton], credentials: Credentials
) -> Iterator[Front]:
    """The gateway as it is shipped, before both."""
    folder = tmp_path_factory.mktemp("gateway")
    with Gateway(folder, credentials, upstreams(tritons), public=PUBLIC) as gateway:
        yield Front(gateway, credentials)


@pytest.fixture(scope="module")
def strict(
    tmp_path_factory: pytest.TempPathFactory, tritons: list[Triton], credentials: Credentials
) -> Iterator[Front]:
    """One whose limits are so low that tests of them are short."""
    folder = tmp_path_factory.mktemp("strict")
    config = ENVOY_YAML.read_text()
    for shipped, low in _LOW.items():
        assert config.count(shipped) == 1, f"{shipped!r} is no longer in the gateway's configuration once"
        config = config.replace(shipped, low)
    source = folder / "strict.yaml"
    source.write_text(config)
    with Gateway(folder, credentials, upstreams(tritons), source=source, public=PUBLIC) as gateway:
        yield Front(gateway, credentials)


_LOW = {
    "max_tokens: 2000, tokens_per_fill: 1000": "max_tokens: 20, tokens_per_fill: 10",
    "transport_socket_connect_timeout: 5s": "transport_socket_connect_timeout: 0.5s",
    "max_requests: 4096 # open rooms": "max_requests: 10 # open rooms",
    "request_headers_timeout: 5s": "request_headers_timeout: 0.5s",
    "stream_idle_timeout: 75s": "stream_idle_timeout: 1s",
    "max_stream_duration: 60s": "max_stream_duration: 1s",
    "max_heap_size_bytes: 805306368": "max_heap_size_bytes: 100663296",
}


@contextmanager
def started(repository: Path) -> Iterator[Triton]:
    """A server with everything in `repository`, asked for its health as in a cluster."""
    with Triton(repository, ready_port=0, admin_key=ADMIN_KEY, drain_s=0) as triton:
        yield triton


def upstreams(tritons: Sequence[Triton]) -> list[Upstream]:
    """Where the gateway finds them."""
    return [Upstream(port(triton.grpc), port(str(triton.ready).removesuffix("/ready"))) for triton in tritons]


def port(address: str) -> int:
    """Of "host:port"."""
    return int(address.rpartition(":")[2])
