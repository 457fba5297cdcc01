"""LitServe with its batching on.

See https://lightning.ai/docs/litserve/features/batching

As its guide to throughput has it, the queues are ZeroMQ's (`fast_queue`) and there are as many API servers as
workers. The body is raw float32, declared as FastAPI has it, since LitServe's requests are FastAPI's.
"""

from collections.abc import Sequence
from typing import Annotated

import litserve
import numpy as np
from fastapi import Body, Response
from onnx_model import BATCH, HOST, PORT, WAIT_S, WORKERS, Floats, OnnxModel

Raw = Annotated[bytes, Body(media_type="application/octet-stream")]


class Api(litserve.LitAPI):
    """The steps of a request, in LitServe's names; with batching, `predict` gets what `batch` returns."""

    def setup(self, device: str) -> None:
        """Loads the model in a worker."""
        self.model = OnnxModel()

    def decode_request(self, request: Raw) -> Floats:
        """A body as an input [1, ...]."""
        return self.model.decode(request)

    def batch(self, inputs: Sequence[Floats]) -> Sequence[Floats]:
        """Leaves it to `predict` to put inputs together."""
        return inputs

    def predict(self, inputs: Floats | Sequence[Floats]) -> Floats | Sequence[Floats]:
        """Outputs of a batch, or of the one input where batching is off."""
        if isinstance(inputs, np.ndarray):
            return self.model.run(inputs)
        return self.model.answers(inputs)

    def unbatch(self, output: Sequence[Floats]) -> Sequence[Floats]:
        """They are apart already."""
        return output

    def encode_response(self, output: Floats) -> Response:
        """An output as a body."""
        return Response(output.tobytes(), media_type="application/octet-stream")


if __name__ == "__main__":
    api = Api(max_batch_size=BATCH, batch_timeout=WAIT_S, api_path="/infer")
    server = litserve.LitServer(
        api, accelerator="cpu", devices=1, workers_per_device=WORKERS, fast_queue=True
    )
    server.run(host=HOST, port=PORT, log_level="warning", generate_client_file=False)
