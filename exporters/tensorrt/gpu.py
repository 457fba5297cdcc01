"""The GPU of this machine and the TensorRT that is installed, and running a plan on both."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exporters.errors import ExportError, GateError
from exporters.tensorrt.parity import Network

_QUERY = ("nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader", "--id=0")
_PATIENCE_S = 30


@dataclass(frozen=True)
class Gpu:
    """What a plan is tied to: it runs on this product with this version of TensorRT, and on nothing else."""

    name: str
    compute_capability: str
    tensorrt: str


def this_gpu() -> Gpu:
    """The first GPU of this machine, with the TensorRT that is installed.

    Raises:
        ExportError: there is no TensorRT, or no GPU.
    """
    version = _tensorrt_version()
    try:
        said = subprocess.run(_QUERY, capture_output=True, text=True, check=True, timeout=_PATIENCE_S).stdout
        name, capability = (part.strip() for part in said.splitlines()[0].rsplit(",", 1))
    except (OSError, subprocess.SubprocessError, IndexError, ValueError) as error:
        raise ExportError(
            f"no NVIDIA GPU can be seen here (nvidia-smi: {error}): build plans on the GPU that will run "
            "them, or say --check for all but the build"
        ) from error
    return Gpu(name, capability, version)


def _tensorrt_version() -> str:
    try:
        import tensorrt  # noqa: PLC0415 - only where plans are built

        return tensorrt.__version__
    except (ImportError, AttributeError):  # type stubs leave a namespace without attributes
        raise ExportError(
            "TensorRT is not installed here: build plans on the GPU that will run them, in NVIDIA's TensorRT "
            "container of the same release as the Triton that serves, or say --check for all but the build"
        ) from None


@contextmanager
def on_gpu(plan: bytes) -> Iterator[Network]:
    """Load a plan for as long as the block lasts; inputs and outputs are in host memory.

    Raises:
        GateError: the plan can't be loaded or run, for want of memory for example.
    """
    from polygraphy.backend.trt import (  # noqa: PLC0415 - only where plans are built
        EngineFromBytes,
        TrtRunner,
    )
    from polygraphy.exception import PolygraphyException  # noqa: PLC0415

    try:
        with TrtRunner(EngineFromBytes(plan)) as runner:
            yield lambda tensors: {name: array.copy() for name, array in runner.infer(dict(tensors)).items()}
    except PolygraphyException as error:
        raise GateError(f"the plan does not run: {error}") from error
