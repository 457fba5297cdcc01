"""Make and run ONNX graphs: what every family's ``build`` and parity check have in common."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from exporters.errors import GateError

if TYPE_CHECKING:
    import onnxruntime
    import torch

Array = NDArray[np.generic]
Floats = NDArray[np.float32]

OPSET = 17
"""Old enough for any ONNX Runtime and TensorRT in use, new enough for LayerNormalization as an operator."""


def export_module(
    module: "torch.nn.Module",
    path: Path,
    inputs: "Mapping[str, torch.Tensor]",
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
    opset: int = OPSET,
) -> Path:
    """Export ``module`` to ``path`` and return it.

    ``inputs`` are examples in the order of ``forward``; ``dynamic`` names the dynamic axes of inputs and
    outputs: ``{"waveform": {0: "batch", 1: "samples"}}``. Every other axis is fixed to the example's size.
    """
    import torch  # noqa: PLC0415 - a second to import: only when something is really exported

    with warnings.catch_warnings(), torch.no_grad():
        # torch.export unrolls recurrent layers; the older tracer keeps LSTM and GRU as single operators.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in dynamic.items()},
            opset_version=opset,
            dynamo=False,
        )
    return path


def session(model: Path | bytes, threads: int = 0) -> "onnxruntime.InferenceSession":
    """A file, or its content, in ONNX Runtime on the CPU; ``threads=0``: OMP_NUM_THREADS, or every core."""
    import onnxruntime  # noqa: PLC0415 - not needed to see that an export is up to date

    options = onnxruntime.SessionOptions()
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # a list is by level of nesting
    options.intra_op_num_threads = threads or (int(asked) if asked.isdecimal() else 0)
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


class Graph:
    """An ONNX graph in ONNX Runtime on the CPU: ``graph(name=array, ...)`` gives its outputs in order."""

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        """Load a file, or what would be in it.

        More threads only slow small networks down, ``threads=0`` takes every core.
        """
        self._name = f"{model.parent.name}/{model.name}" if isinstance(model, Path) else "the graph"
        self._session = session(model, threads)
        self.outputs: list[str] = [output.name for output in self._session.get_outputs()]

    def __call__(self, **inputs: Array) -> list[Floats]:
        """Run the graph once.

        Raises:
            GateError: an output is not finite, which no comparison might show.
        """
        outputs: list[Floats] = self._session.run(None, inputs)
        for name, output in zip(self.outputs, outputs, strict=True):
            if output.dtype.kind == "f" and not np.isfinite(output).all():
                raise GateError(f"{self._name}: output {name} has values that are not finite")
        return outputs


def max_difference(one: Array, other: Array) -> float:
    """The largest absolute difference, in float64.

    Arrays of different shapes are infinitely different, and so is what is not finite, even from its like: NaN
    would be lost in ``max(0.0, nan)``.
    """
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(difference.max(initial=0.0)) if np.isfinite(difference).all() else float("inf")
