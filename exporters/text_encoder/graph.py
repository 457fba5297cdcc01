"""The network as an ONNX graph."""

from pathlib import Path

import onnx
import torch
from onnx import helper

from exporters.onnx_tools import export_module
from exporters.text_encoder.network import SentenceEncoder


def export(network: SentenceEncoder, path: Path) -> Path:
    """Write ``network`` to ``path`` and return it."""
    example = torch.tensor([[1, 5, 2, -1], [1, 7, 9, 2]], dtype=torch.int32)
    dynamic = {"tokens": {0: "batch", 1: "pieces"}, "embedding": {0: "batch"}}
    export_module(network, path, {"tokens": example}, ["embedding"], dynamic)
    model = onnx.load(str(path))
    # torch 2.13 leaves out that the features of a line are added up. ScatterElements, which it makes of
    # another way to write the sum, took as long as all of the network's products.
    (scatter,) = (node for node in model.graph.node if node.op_type == "ScatterND")
    scatter.attribute.append(helper.make_attribute("reduction", "add"))
    onnx.save(model, str(path))
    return path
