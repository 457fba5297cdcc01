"""A model's inputs and outputs: in the ONNX file, in the configuration, and whether they agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

Config = Mapping[str, Any]  # the model configuration as Triton's JSON

NATIVE_DEFAULT_MAX_BATCH_SIZE = 4
_TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(string)": "TYPE_STRING",
}
_NUMPY: dict[str, npt.DTypeLike] = {
    "TYPE_BOOL": np.bool_,
    "TYPE_FP16": np.float16,
    "TYPE_FP32": np.float32,
    "TYPE_FP64": np.float64,
    "TYPE_STRING": np.object_,
}


def numpy_type(data_type: str) -> npt.DTypeLike:
    """The numpy type of a Triton type, "TYPE_INT64" for example."""
    return _NUMPY.get(data_type) or np.dtype(data_type.removeprefix("TYPE_").lower())


@dataclass(frozen=True)
class Tensor:
    """A tensor of the ONNX file: Triton's name of its type, and its dims with -1 for what may vary."""

    name: str
    data_type: str
    dims: tuple[int, ...]
    optional: bool = False

    @classmethod
    def of(cls, argument: ort.NodeArg, *, optional: bool = False) -> "Tensor":
        """From what ONNX Runtime tells.

        Raises:
            ValueError: Triton has no tensors for a type.
        """
        if argument.type not in _TYPES:
            raise ValueError(
                f"the ONNX tensor '{argument.name}' is a {argument.type}, which Triton can't serve"
            )
        dims = tuple(d if isinstance(d, int) else -1 for d in argument.shape or ())
        return cls(argument.name, _TYPES[argument.type], dims, optional)


@dataclass(frozen=True)
class Signature:
    """All inputs (those with an initializer are optional) and outputs of an ONNX file, by name."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]

    @classmethod
    def of(cls, session: ort.InferenceSession) -> "Signature":
        """From a session."""
        inputs = [Tensor.of(argument) for argument in session.get_inputs()]
        inputs += [Tensor.of(a, optional=True) for a in session.get_overridable_initializers()]
        outputs = [Tensor.of(argument) for argument in session.get_outputs()]
        return cls({t.name: t for t in inputs}, {t.name: t for t in outputs})

    @property
    def batches(self) -> bool:
        """Whether the first dimension of every tensor may vary, so that it can be a batch."""
        tensors = [*self.inputs.values(), *self.outputs.values()]
        return all(tensor.dims[:1] == (-1,) for tensor in tensors if not tensor.optional)


def completed(config: Config, signature: Signature) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]]]:
    """What `config` leaves out: max_batch_size, inputs and outputs, as Triton's auto-completion takes them.

    Only a configuration that names no tensor at all leaves the batch size out as well (0 is also how "no
    batching" is written); then it is the native backend's default of 4 where the model allows it.
    """
    batch = int(config["max_batch_size"])
    if not config["input"] and not config["output"] and batch == 0 and signature.batches:
        batch = NATIVE_DEFAULT_MAX_BATCH_SIZE
    hidden = _hidden_inputs(config), {state["output_name"] for state in _states(config)}
    lists = []
    for key, tensors, skip in zip(
        ("input", "output"), (signature.inputs, signature.outputs), hidden, strict=True
    ):
        said = {entry["name"]: entry for entry in config[key]}
        lists.append(
            [
                {"name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims[batch > 0 :])}
                | ({"optional": True} if tensor.optional else {})
                for tensor in tensors.values()
                if _lacks(said.get(tensor.name), whole_list=bool(said)) and tensor.name not in skip
            ]
        )
    return batch, lists[0], lists[1]


def check(config: Config, signature: Signature) -> None:
    """See that configuration and ONNX file agree.

    Raises:
        ValueError: they do not; it tells of the first disagreement.
    """
    batch = int(config["max_batch_size"]) > 0
    for entry in config["input"]:
        _check_entry("input", entry, signature.inputs, batch=batch)
        if entry.get("optional") and not signature.inputs[entry["name"]].optional:
            raise ValueError(
                f"input '{entry['name']}' is optional in the configuration, but not in the ONNX file"
            )
    for entry in config["output"]:
        _check_entry("output", entry, signature.outputs, batch=batch)
    for state in _states(config):
        _check_entry("state input", {**state, "name": state["input_name"]}, signature.inputs, batch=batch)
        _check_entry("state output", {**state, "name": state["output_name"]}, signature.outputs, batch=batch)
    given = {entry["name"] for entry in config["input"]} | _hidden_inputs(config)
    for tensor in signature.inputs.values():
        if tensor.name not in given and not tensor.optional:
            raise ValueError(
                f"the ONNX file needs input '{tensor.name}', which the configuration does not have"
            )


def _check_entry(kind: str, entry: Config, tensors: Mapping[str, Tensor], *, batch: bool) -> None:
    name = entry["name"]
    if name not in tensors:
        raise ValueError(f"the configuration has {kind} '{name}', the ONNX file has only {_names(tensors)}")
    tensor = tensors[name]
    if entry["data_type"] != tensor.data_type:
        raise ValueError(
            f"{kind} '{name}' is {entry['data_type']}, in the ONNX file it is {tensor.data_type}"
        )
    dims = entry["reshape"]["shape"] if "reshape" in entry else entry["dims"]
    said = ((-1,) if batch else ()) + tuple(int(d) for d in dims)
    fits = len(said) == len(tensor.dims) and all(
        -1 in pair or pair[0] == pair[1] for pair in zip(said, tensor.dims, strict=False)
    )
    if not fits:
        whole = " with the batch dimension" if batch else ""
        raise ValueError(
            f"{kind} '{name}' has dims {list(said)}{whole}, in the ONNX file {list(tensor.dims)}"
        )


def _names(tensors: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in tensors)


def _states(config: Config) -> list[Config]:
    return list(config.get("sequence_batching", {}).get("state", []))


def _hidden_inputs(config: Config) -> set[str]:
    """Inputs that Triton adds to a request itself: states and sequence controls."""
    controls = config.get("sequence_batching", {}).get("control_input", [])
    return {state["input_name"] for state in _states(config)} | {control["name"] for control in controls}


def _lacks(entry: Config | None, *, whole_list: bool) -> bool:
    if entry is None:
        return not whole_list
    return not entry["dims"] or entry["data_type"] == "TYPE_INVALID"
