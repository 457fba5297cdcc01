"""Parity with the network in torch."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from exporters.contract import Measurement
from exporters.face_embedding.network import SIDE, FaceNetwork
from exporters.onnx_tools import Graph, max_difference
from exporters.sources import Library


def measure(path: Path, network: FaceNetwork, library: Library) -> Iterator[Measurement]:
    x = np.random.default_rng(0).integers(0, 255, (3, SIDE, SIDE, 3), np.uint8)
    with torch.no_grad():
        expected = network(torch.from_numpy(x)).numpy()
    yield Measurement(
        gate="parity", name="max difference", value=max_difference(Graph(path)(image=x)[0], expected), limit=1e-5
    )
