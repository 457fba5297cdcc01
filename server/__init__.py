"""The embedded Triton: the real `tritonserver` of the nvidia-pytriton wheel, on loopback, for one machine.

with Triton(repository=Path("model_repository"), models=["asr"]) as triton:
    client = tritonclient.grpc.InferenceServerClient(triton.grpc)
"""

from server.errors import ServerError
from server.triton import Triton

__all__ = ["ServerError", "Triton"]
