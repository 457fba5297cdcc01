"""Implicit state of sequences: all that Triton 2.51 does for a Python backend is to inject initial values."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from onnx_backend.signature import numpy_type

Array = npt.NDArray[np.generic]
CorrelationId = int | str

START, END = 1, 2  # request.flags()
_DEFAULT_IDLE_US = 1_000_000  # Triton's
_GRACE_S = 1.0  # our clock starts when the answer is made, the core's when it has been sent


@dataclass(frozen=True)
class State:
    """One `sequence_batching.state`: where it goes in and comes out, and its value at START.

    Attributes:
        input_name: of the graph.
        output_name: of the graph.
        initial: zeros, with a batch dimension of 1 where the model batches; None to take the core's.
    """

    input_name: str
    output_name: str
    initial: Array | None

    @classmethod
    def of(cls, entry: Mapping[str, Any], *, batches: bool) -> "State":
        """From the configuration. Without `initial_state` it starts at zero (the core injects garbage)."""
        from_file = any(initial.get("data_file") for initial in entry.get("initial_state", []))
        shape = [1] * batches + [max(1, int(d)) for d in entry["dims"]]
        zeros = None if from_file else np.zeros(shape, numpy_type(entry["data_type"]))
        return cls(entry["input_name"], entry["output_name"], zeros)


class Sequences:
    """The states of every live sequence of a model instance, by correlation id.

    A sequence is dropped at END, when it has been idle for longer than the core waits, and as the longest
    idle when there are more than the core allows at a time: what is dropped here is already dead to the core.
    """

    def __init__(self, config: Mapping[str, Any], clock: Callable[[], float] = time.monotonic) -> None:
        batching = config["sequence_batching"]
        batch = int(config["max_batch_size"])
        self.states = [State.of(entry, batches=batch > 0) for entry in batching.get("state", [])]
        self._idle_s = int(batching.get("max_sequence_idle_microseconds") or _DEFAULT_IDLE_US) / 1e6
        self._limit = max(1, batch, int(batching.get("oldest", {}).get("max_candidate_sequences", 0)))
        self._clock = clock
        self._live: OrderedDict[CorrelationId, tuple[float, list[Array]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def values(self, sequence: CorrelationId, flags: int, injected: Mapping[str, Array]) -> dict[str, Array]:
        """The value of each state for a request, by input name.

        Args:
            sequence: whose request it is. Warm-up comes with id 0 and no flags: it starts afresh.
            flags: of the request.
            injected: what the core put into it.

        Raises:
            KeyError: its sequence never started.
        """
        if flags & START or not sequence:
            self._drop_idle()
            return {
                state.input_name: state.initial if state.initial is not None else injected[state.input_name]
                for state in self.states
            }
        if sequence not in self._live:
            raise KeyError(
                f"sequence {sequence!r} is not known: it never started, or was idle for over"
                f" {self._idle_s:g} s; start it with sequence_start"
            )
        return dict(zip((state.input_name for state in self.states), self._live[sequence][1], strict=True))

    def advance(self, sequence: CorrelationId, flags: int, values: Sequence[Array]) -> None:
        """Keeps a sequence's new values, or drops them at END."""
        self._live.pop(sequence, None)
        if flags & END or not sequence:
            return
        self._live[sequence] = (self._clock(), [value.copy() for value in values])  # not the whole batch
        if len(self._live) > self._limit:
            self._live.popitem(last=False)

    def _drop_idle(self) -> None:
        oldest_allowed = self._clock() - self._idle_s - _GRACE_S
        while self._live and next(iter(self._live.values()))[0] < oldest_allowed:
            self._live.popitem(last=False)
