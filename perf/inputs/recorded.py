"""What a model is given, and the JSON in which perf_analyzer takes it.

The format: https://github.com/triton-inference-server/perf_analyzer/blob/main/docs/input_data.md
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tritonclient.utils import serialize_byte_tensor

from perf.report.results import write

Array = NDArray[np.generic]
Step = Mapping[str, Array]
"""The tensors of one request by name, without a batch axis; texts are objects of str, files of bytes."""


@dataclass(frozen=True)
class Inputs:
    """Real inputs of one model.

    about: what they are, for the reader of a result. streams: for a model with sequences one each, their
    requests in order; for any other model a single one, whose requests are sent in turn.
    note: what the numbers of this model mean where that is not plain.
    """

    about: str
    streams: Sequence[Sequence[Step]]
    note: str = ""

    @property
    def steps(self) -> list[Step]:
        """The requests of all streams."""
        return [step for stream in self.streams for step in stream]

    def write(self, path: Path, *, sequences: bool) -> None:
        """Writes the file for perf_analyzer's `--input-data`."""
        streams = [[{name: _tensor(step[name]) for name in step} for step in each] for each in self.streams]
        write(path, json.dumps({"data": streams if sequences else streams[0]}))


def _tensor(array: Array) -> dict[str, object]:
    values = array.reshape(-1).tolist()
    if array.dtype == np.object_ and all(isinstance(value, str) for value in values):
        return {"content": values, "shape": list(array.shape)}
    # perf_analyzer sends what b64 holds as it is: files as the protocol has them, each after its length.
    raw = serialize_byte_tensor(array).item() if array.dtype == np.object_ else array.tobytes()
    return {"content": {"b64": base64.b64encode(raw).decode()}, "shape": list(array.shape)}
