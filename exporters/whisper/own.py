"""Parity with the implementation that a checkpoint's format comes with, where that is installed.

Torch and ONNX agree about a network that was built wrongly: only somebody else's reading of the same
checkpoint can tell.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from exporters.contract import Measurement
from exporters.onnx_tools import max_difference
from exporters.whisper.assembly import Whisper
from exporters.whisper.checkpoint import Source
from exporters.whisper.measure import STATES_TOLERANCE, Piece
from whisper_decoder.decoding import WINDOW

Floats = NDArray[np.float32]
Encode = Callable[[Floats], Floats]
"""Features [1, mels, T] -> states [1, T / 2, width]."""

PACKAGES: dict[Source, str] = {
    "CTranslate2": "ctranslate2",
    "Hugging Face": "transformers",
    "OpenAI": "whisper",
}
OWN_TOLERANCE = 10 * STATES_TOLERANCE
"""Another's GELU and sums are other ones; a network that was built wrongly is off by whole numbers."""
_PIECES = 3
"""Pieces of speech that are compared; the first ones are of several speakers."""


def parity(
    source: Source, checkpoint: Path, tokenizer: str, whisper: Whisper, speech: Sequence[Piece]
) -> Iterator[Measurement]:
    """How far the encoder's states are from those of the format's own implementation.

    Where that is not installed, or does not load the checkpoint, the measurement says so and has no limit.
    """
    package = PACKAGES[source]
    makers = {"CTranslate2": _ctranslate2, "Hugging Face": _transformers, "OpenAI": _whisper}
    missing = "" if find_spec(package) else f"{package} is not installed"
    try:
        encode = None if missing else makers[source](checkpoint, tokenizer)
    except Exception as error:  # whatever another's code raises
        encode, missing = None, f"{package} does not load it ({str(error).partition(chr(10))[0]})"
    if encode is None:
        yield Measurement(
            gate="parity",
            name=f"comparisons with {package} itself",
            value=0,
            limit=None,
            data=f"{missing}: its configuration alone was compared with what is built",
        )
        return
    short = [piece.features for piece in speech if piece.features.shape[2] <= 2 * WINDOW][:_PIECES]
    with torch.no_grad():
        differences = [
            max_difference(whisper.encoder(torch.from_numpy(features)).numpy(), encode(features))
            for features in short
        ]
    yield Measurement(
        gate="parity",
        name=f"max difference of encoder states from {package}",
        value=max(differences),
        limit=OWN_TOLERANCE,
        data=f"{len(short)} pieces of speech, {package} {_version(package)}",
    )


def _version(package: str) -> str:
    return metadata.version("openai-whisper" if package == "whisper" else package)


def _transformers(folder: Path, _: str) -> Encode:
    model = import_module("transformers").WhisperForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    encoder = model.get_encoder().eval()
    positions = encoder.embed_positions.weight.detach().clone()

    def encode(features: Floats) -> Floats:
        length = features.shape[2] // 2
        # It takes its own context only, so that is made as long as the features.
        encoder.config.max_source_positions = length
        encoder.embed_positions = torch.nn.Embedding(length, positions.shape[1], _weight=positions[:length])
        states: Floats = encoder(torch.from_numpy(features)).last_hidden_state.numpy()
        return states

    return encode


def _ctranslate2(folder: Path, tokenizer: str) -> Encode:
    package = import_module("ctranslate2")
    with TemporaryDirectory() as whole:
        for name in ("model.bin", "config.json"):
            (Path(whole) / name).symlink_to((folder / name).resolve())
        # Conversions name their vocabulary in three ways, or not at all; what is in it does not matter here.
        loaded = Tokenizer.from_str(tokenizer)
        tokens = [loaded.id_to_token(i) or f"<{i}>" for i in range(loaded.get_vocab_size())]
        (Path(whole) / "vocabulary.json").write_text(json.dumps(tokens), encoding="utf-8")
        model = package.models.Whisper(whole, device="cpu", compute_type="float32")

    def encode(features: Floats) -> Floats:
        view = package.StorageView.from_array(np.ascontiguousarray(features))
        return np.asarray(model.encode(view), np.float32)

    return encode


def _whisper(path: Path, _: str) -> Encode:
    encoder = import_module("whisper").load_model(str(path), device="cpu").encoder.float()
    positions = encoder.positional_embedding.clone()

    def encode(features: Floats) -> Floats:
        encoder.positional_embedding = positions[: features.shape[2] // 2]
        states: Floats = encoder(torch.from_numpy(features)).numpy()
        return states

    return encode
