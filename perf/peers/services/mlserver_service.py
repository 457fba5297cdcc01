"""MLServer with adaptive batching.

See https://docs.seldon.ai/mlserver/user-guide/adaptive-batching

A custom runtime (https://docs.seldon.ai/mlserver/user-guide/custom), configured by environment variables as
its reference of settings lists them. Large tensors come over gRPC, since as JSON they would take longer than
to compute; small ones over HTTP, which is faster for them. One worker is MLServer's own process, more are a
pool: https://docs.seldon.ai/mlserver/user-guide/parallel-inference
"""

import os
import sys

from onnx_model import BATCH, HEAVY, HOST, MODEL, PORT, SPARE_PORT, WAIT_S, WORKERS, OnnxModel

SETTINGS = {
    "MLSERVER_DEBUG": "false",
    "MLSERVER_HOST": HOST,
    "MLSERVER_HTTP_PORT": str(SPARE_PORT if HEAVY else PORT),
    "MLSERVER_GRPC_PORT": str(PORT if HEAVY else SPARE_PORT),
    "MLSERVER_METRICS_ENDPOINT": "",
    "MLSERVER_PARALLEL_WORKERS": str(WORKERS if WORKERS > 1 else 0),
    "MLSERVER_MODEL_NAME": "model",
    "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_service.Runtime",
    "MLSERVER_MODEL_URI": str(MODEL),
    "MLSERVER_MODEL_MAX_BATCH_SIZE": str(BATCH if BATCH > 1 else 0),
    "MLSERVER_MODEL_MAX_BATCH_TIME": str(WAIT_S if BATCH > 1 else 0),
}
os.environ.update(SETTINGS)

from mlserver import MLModel  # noqa: E402 it reads the settings above
from mlserver.cli import main  # noqa: E402
from mlserver.codecs import NumpyCodec  # noqa: E402
from mlserver.types import InferenceRequest, InferenceResponse  # noqa: E402


class Runtime(MLModel):
    """The V2 protocol around the session."""

    async def load(self) -> bool:
        """Loads the model."""
        self._model = OnnxModel()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The outputs of a request, or of a batch that MLServer has made one request of."""
        output = self._model.run(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output(self._model.output, output)]
        )


if __name__ == "__main__":
    sys.argv[1:] = ["start", "."]
    main()
