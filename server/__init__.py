"""The embedded Triton: the real `tritonserver` of the nvidia-pytriton wheel, on loopback, for one machine.

with Triton(repository=Path("model_repository"), models=["asr"]) as triton:
    client = tritonclient.grpc.InferenceServerClient(triton.grpc)
"""

from typing import TYPE_CHECKING

from server import loopback
from server.errors import ServerError

if TYPE_CHECKING:
    from server.triton import Triton

loopback.spare()

__all__ = ["ServerError", "Triton"]


def __getattr__(name: str) -> object:
    """Imports `Triton` when it is asked for: the readiness sidecar also runs where its packages are not."""
    if name == "Triton":
        from server.triton import Triton  # noqa: PLC0415

        return Triton
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
