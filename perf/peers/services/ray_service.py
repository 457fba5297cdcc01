"""Ray Serve with `@serve.batch`.

See https://docs.ray.io/en/latest/serve/advanced-guides/dyn-req-batch.html

In its high-throughput mode (https://docs.ray.io/en/latest/serve/advanced-guides/performance.html), which made
it ten times as fast as its default, a proxy in Python. In that mode each replica answers HTTP itself.
HAProxy, which the guide puts in front, insists on listening on all interfaces: it is left out, and the load
spread over the replicas (on the ports from PEER_PORT on), which is a hop less than a user would have.
"""

import os
import signal
import tempfile

from onnx_model import BATCH, HOST, PORT, SPARE_PORT, WORKERS, Floats, OnnxModel

FLAGS = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(PORT),
    "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(PORT + WORKERS),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the node's address is loopback's, as it is on those systems
}
os.environ.update(FLAGS)  # they are read when ray is imported

import numpy as np  # noqa: E402 see above
import ray  # noqa: E402
from ray import serve  # noqa: E402
from ray.serve._private import replica  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402

OBJECT_STORE_BYTES = 100 * 2**20
QUEUED = 256
"""Requests that a replica takes at once; the default of 5 would keep batches small."""


class Service:
    """A replica."""

    def __init__(self) -> None:
        bind = replica.add_port_to_grpc_server  # of a server between deployments: it unpickles what it gets
        replica.add_port_to_grpc_server = lambda server, _: bind(server, f"{HOST}:0")
        self._model = OnnxModel()

    @serve.batch(max_batch_size=BATCH, batch_wait_timeout_s=0.0)
    async def _batched(self, inputs: list[Floats]) -> list[Floats]:
        return self._model.answers(inputs)

    async def __call__(self, request: Request) -> Response:
        """The output for the body."""
        x = self._model.decode(await request.body())
        output = await self._batched(x) if BATCH > 1 else self._model.run(x)
        return Response(np.asarray(output).tobytes(), media_type="application/octet-stream")


def main() -> None:
    """Serves until SIGTERM."""
    ray.init(
        num_cpus=WORKERS + 1,
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        _node_ip_address=HOST,
        _temp_dir=tempfile.gettempdir(),
    )
    serve.start(http_options={"host": HOST, "port": SPARE_PORT})
    deployment = serve.deployment(num_replicas=WORKERS, max_ongoing_requests=QUEUED)(Service)
    serve.run(deployment.bind())
    signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    main()
