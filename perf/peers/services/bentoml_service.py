"""BentoML with adaptive batching.

See https://docs.bentoml.com/en/latest/get-started/adaptive-batching.html

`Model` takes a JSON array, as BentoML has tensors from outside. `Front` and `Model` are the pair of services
that the page draws for a model behind another service: raw float32 outside, BentoML's own protocol between
them. Small inputs are faster with the first, large ones with the second.
"""

import contextlib
import os
import sys
from typing import Annotated

import aiohttp
import bentoml
import numpy as np
from bentoml.validators import DType
from numpy.typing import NDArray
from onnx_model import BATCH, HEAVY, HOST, PORT, SHAPE, WORKERS, OnnxModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Array = Annotated[NDArray[np.float32], DType("float32")]
TRIES = 3
"""BentoML renews its connections after 100 requests, and the requests on the old ones fail."""
OPTIONS = {
    "traffic": {"timeout": 120},
    "logging": {"access": {"enabled": False}},
    "metrics": {"enabled": False},
}


@bentoml.service(name="model", workers=WORKERS, **OPTIONS)
class Model:
    """The session."""

    def __init__(self) -> None:
        self._model = OnnxModel()

    @bentoml.api(batchable=BATCH > 1, max_batch_size=max(BATCH, 2), max_latency_ms=60_000)
    def infer(self, x: Array) -> Array:
        """The output [n, ...] for an input [n, ...]."""
        return self._model.run(x)


async def raw(request: Request) -> Response:
    """The output for the body."""
    x = np.frombuffer(await request.body(), np.float32).reshape(SHAPE)
    call = bentoml.get_current_service().model.to_async.infer
    for _ in range(TRIES - 1):
        with contextlib.suppress(aiohttp.ClientConnectionError):
            return _answer(await call(x))
    return _answer(await call(x))


def _answer(output: Array) -> Response:
    return Response(np.asarray(output, np.float32).tobytes(), media_type="application/octet-stream")


@bentoml.service(name="front", **OPTIONS)
@bentoml.asgi_app(Starlette(routes=[Route("/infer", raw, methods=["POST"])]), path="/raw")
class Front:
    """Raw float32 over HTTP."""

    model = bentoml.depends(Model)


if __name__ == "__main__":
    os.environ["BENTOML_DO_NOT_TRACK"] = "true"
    service = f"bentoml_service:{'Front' if HEAVY else 'Model'}"
    command = [sys.executable, "-m", "bentoml", "serve", service, "--host", HOST, "--port", str(PORT)]
    os.execv(sys.executable, command)  # noqa: S606 there is no shell in it
