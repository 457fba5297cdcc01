"""A first real inference for every model: being loaded is not the same as answering."""

import queue
import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import InferenceServerClient, InferInput, InferResult
from tritonclient.grpc.model_config_pb2 import DataType, ModelSequenceBatching, ModelWarmup
from tritonclient.utils import InferenceServerException, deserialize_bytes_tensor, triton_to_np_dtype

from server.answers import NonsenseError, check
from server.errors import ServerError, reason_of
from server.loopback import DIRECT
from server.repository import Model

Array = npt.NDArray[np.generic]
CHANNEL = [
    *DIRECT,
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_reconnect_backoff_ms", 1000),  # a server that comes back is soon found
]


class Question:
    """A request to `model`, made from a `model_warmup`, or zeros; it can be asked again and again.

    `entry`: which of them; the first costs least, and the last is what the parameter `expect` speaks of.

    An ensemble, for which Triton allows no `model_warmup`, takes the samples of the steps its inputs go to.
    Sequence models, and ensembles over one, get START and END on that request; decoupled ones are followed to
    the final response.
    """

    def __init__(self, model: Model, models: Mapping[str, Model], entry: int = 0) -> None:
        self.model = model
        self._known = entry in (-1, len(model.config.model_warmup) - 1) or len(model.config.model_warmup) < 2
        self._models = models
        self._inputs: list[InferInput] = []
        for name, array in sample(model, models, entry).items():
            declared = next(tensor for tensor in model.config.input if tensor.name == name)
            self._inputs.append(InferInput(name, list(array.shape), _wire_type(declared.data_type)))
            self._inputs[-1].set_data_from_numpy(array)

    def ask(self, client: InferenceServerClient, timeout_s: float) -> None:
        """Waits for the whole answer.

        Raises:
            InferenceServerException: it is an error, or too late.
            NonsenseError: it is no answer.
        """
        sequence = _sequence(self.model, self._models)
        if self.model.decoupled:
            results = _stream(client, self.model.name, self._inputs, sequence, timeout_s)
        else:
            results = [client.infer(self.model.name, self._inputs, client_timeout=timeout_s, **sequence)]
        check(self.model, self._models, [_arrays(result) for result in results], known=self._known)


def probe(address: str, model: Model, models: Mapping[str, Model], timeout_s: float) -> None:
    """Asks `model` each of its samples, see `Question`.

    Raises:
        ServerError: there is an error, no answer within `timeout_s`, or one that is nonsense.
    """
    client = InferenceServerClient(address, channel_args=CHANNEL)
    try:
        for entry in range(max(1, len(model.config.model_warmup))):
            Question(model, models, entry).ask(client, timeout_s)
    except NonsenseError as error:
        raise ServerError(
            f"model '{model.name}' answers nonsense: {error}: export its weights, and those of what it "
            "requires, again, or those from before (python -m exporters)"
        ) from error
    except InferenceServerException as error:
        raise ServerError(
            f"model '{model.name}' is loaded but does not answer: {reason_of(error.message())}"
            f" (asked with the model_warmup of {model.config_file}, or zeros where it has none)"
        ) from error
    finally:
        client.close()


def sample(model: Model, models: Mapping[str, Model], entry: int = 0) -> dict[str, Array]:
    """One request's inputs by name, with a batch dimension of 1 where the model batches."""
    declared = {tensor.name: tensor for tensor in model.config.input}
    if model.is_ensemble:
        samples = _from_steps(model, models)
    elif model.config.model_warmup:
        entries = model.config.model_warmup[entry].inputs
        samples = {name: _warmup_array(model, entry) for name, entry in entries.items()}
    else:
        samples = {}
    for name, tensor in declared.items():
        if name not in samples and not tensor.optional:
            dims = model.smallest().get(name) or [max(1, d) for d in tensor.dims]
            samples[name] = _zeros(tensor.data_type, dims)
    batch = (1,) if model.config.max_batch_size > 0 else ()
    return {name: array.reshape(batch + array.shape) for name, array in samples.items() if name in declared}


def _from_steps(ensemble: Model, models: Mapping[str, Model]) -> dict[str, Array]:
    samples: dict[str, Array] = {}
    for step in ensemble.config.ensemble_scheduling.step:
        inner = models[step.model_name]
        arrays = sample(inner, models)
        for inner_name, outer_name in step.input_map.items():
            if inner_name in arrays:
                array = arrays[inner_name]
                samples.setdefault(outer_name, array[0] if inner.config.max_batch_size > 0 else array)
    return samples


def _warmup_array(model: Model, entry: ModelWarmup.Input) -> Array:
    if entry.input_data_file:
        file = model.folder / "warmup" / entry.input_data_file
        try:
            raw = file.read_bytes()
            if entry.data_type == DataType.TYPE_STRING:
                return np.asarray(deserialize_bytes_tensor(raw)).reshape(list(entry.dims))
            return np.frombuffer(raw, _numpy_type(entry.data_type)).reshape(list(entry.dims))
        except (OSError, ValueError) as error:
            raise ServerError(
                f"model '{model.name}': {file} is no sample of dims {list(entry.dims)}, as "
                f"model_warmup in {model.config_file} says: {error}"
            ) from error
    if entry.random_data and entry.data_type in (DataType.TYPE_FP32, DataType.TYPE_FP64):
        noise = np.random.default_rng(0).uniform(-1, 1, list(entry.dims))
        return noise.astype(_numpy_type(entry.data_type))
    return _zeros(entry.data_type, list(entry.dims))


def _zeros(data_type: int, shape: list[int]) -> Array:
    if data_type == DataType.TYPE_STRING:
        return np.full(shape, b"", np.object_)
    return np.zeros(shape, _numpy_type(data_type))


def _wire_type(data_type: int) -> str:
    name = str(DataType.Name(data_type)).removeprefix("TYPE_")
    return "BYTES" if name == "STRING" else name


def _numpy_type(data_type: int) -> npt.DTypeLike:
    return np.dtype(triton_to_np_dtype(_wire_type(data_type)))


def _sequence(model: Model, models: Mapping[str, Model]) -> dict[str, int | str | bool]:
    """START and END for a sequence of one, with a correlation id of the type the model declares, or text."""
    steps = [models[step.model_name] for step in model.config.ensemble_scheduling.step]
    sequences = [step.config for step in (model, *steps) if step.config.HasField("sequence_batching")]
    if not sequences:
        return {}
    kind = ModelSequenceBatching.Control.CONTROL_SEQUENCE_CORRID
    inputs = [control for config in sequences for control in config.sequence_batching.control_input]
    controls = [c for i in inputs for c in i.control if c.kind == kind]
    text = all(control.data_type == DataType.TYPE_STRING for control in controls)
    number = time.monotonic_ns() % 2**31 + 1
    return {
        "sequence_id": f"canary-{number}" if text else number,
        "sequence_start": True,
        "sequence_end": True,
    }


def _arrays(result: InferResult) -> dict[str, Array]:
    return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}


def _check_event(result: InferResult) -> None:
    """Raises InferenceServerException for an event of kind "error", by which rooms tell of errors."""
    event = _arrays(result)
    if {"kind", "code", "message"} <= event.keys():
        kind, code, message = (event[name].item().decode() for name in ("kind", "code", "message"))
        if kind == "error":
            raise InferenceServerException(f"[{code}] {message}")


def _stream(
    client: InferenceServerClient,
    model: str,
    inputs: list[InferInput],
    sequence: Mapping[str, int | str | bool],
    timeout_s: float,
) -> list[InferResult]:
    results: list[InferResult] = []
    answers: queue.Queue[tuple[InferResult | None, InferenceServerException | None]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    deadline = time.monotonic() + timeout_s
    try:
        client.async_stream_infer(model, inputs, enable_empty_final_response=True, **sequence)
        while True:
            result, error = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            if error is not None:
                raise error
            if result is not None:
                _check_event(result)
                results.append(result)
                if result.get_response().parameters["triton_final_response"].bool_param:
                    return results
    except queue.Empty:
        said = f"no final response within {timeout_s:.0f} s"
        raise InferenceServerException(said, "StatusCode.DEADLINE_EXCEEDED") from None
    finally:
        client.stop_stream(cancel_requests=True)
