"""What all peers have in common: how they are told what to serve, and the session that they serve it with."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HOST = "127.0.0.1"
HEAVY = os.environ["PEER_HEAVY"] == "1"
"""Whether the model computes for long; some peers take large inputs another way than small ones."""
SPARE_PORT = int(os.environ["PEER_SPARE_PORT"])
"""Where a peer listens for what is not asked of it."""
MODEL = Path(os.environ["PEER_MODEL"])
"""The ONNX file, of one float32 input [batch, ...] and one output [batch, ...]."""
PORT = int(os.environ["PEER_PORT"])
WORKERS = int(os.environ["PEER_WORKERS"])
"""Processes with a session each."""
THREADS = int(os.environ["PEER_THREADS"])
"""Of each session."""
BATCH = int(os.environ["PEER_BATCH"])
"""The most requests to run together; 1: each by itself."""
SHAPE = tuple(int(size) for size in os.environ["PEER_SHAPE"].split(","))
"""Of one request's input, (1, ...)."""
WAIT_S = 0.001
"""How long a request may wait for others to be run with, where a peer can't do without waiting."""


class OnnxModel:
    """The session, with the options that the portable backend sets for our own."""

    def __init__(self) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        self._session = ort.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
        (tensor,) = self._session.get_inputs()
        self.name: str = tensor.name
        self.output: str = self._session.get_outputs()[0].name

    def decode(self, body: bytes) -> Floats:
        """The input [1, ...] that a request's body holds as float32, little-endian."""
        return np.frombuffer(body, np.float32).reshape(SHAPE)

    def run(self, batch: Floats) -> Floats:
        """The output [n, ...] for an input [n, ...]."""
        (output,) = self._session.run([self.output], {self.name: batch})
        return np.asarray(output, np.float32)

    def answers(self, batch: Sequence[Floats]) -> list[Floats]:
        """The output [1, ...] of each input [1, ...], run together."""
        output = self.run(np.concatenate(batch) if len(batch) > 1 else batch[0])
        return [output[at : at + 1] for at in range(len(batch))]
