"""A tiny Whisper with random weights, for tests of readers, exporters and the decoder."""

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from torch import Tensor

from exporters.whisper import graphs
from exporters.whisper.assembly import assemble
from exporters.whisper.checkpoint import Checkpoint
from exporters.whisper.network import Dimensions
from exporters.whisper.quantize import quantize
from exporters.whisper.vocabulary import Vocabulary

SIZE = Dimensions(
    mels=80, width=128, encoder_layers=2, decoder_layers=2, vocabulary=320, encoder_positions=200
)
END, START = 299, 300
CODES = ("en", "zh", "de")
VOCABULARY = Vocabulary(
    start=START,
    end=END,
    no_speech=304,
    prompt=(305, 306),
    first_language=START + 1,
    codes=CODES,
    suppress=tuple(range(START, SIZE.vocabulary)),
    begin_suppress=(7, END),
)


def weights(size: Dimensions = SIZE, seed: int = 0) -> dict[str, Tensor]:
    """Random weights under OpenAI's names, large enough for greedy decoding to wander."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}

    def add(name: str, *shape: int, spread: float = 1.0) -> None:
        made[name] = torch.randn(*shape, generator=generator) * spread

    def linear(name: str, rows: int, columns: int, *, bias: bool = True) -> None:
        add(f"{name}.weight", rows, columns, spread=columns**-0.5)
        if bias:
            add(f"{name}.bias", rows, spread=0.1)

    def norm(name: str) -> None:
        made[f"{name}.weight"] = 1 + 0.1 * torch.randn(size.width, generator=generator)
        add(f"{name}.bias", size.width, spread=0.1)

    def attention(name: str) -> None:
        for part in ("query", "key", "value", "out"):
            linear(f"{name}.{part}", size.width, size.width, bias=part != "key")
            made[f"{name}.{part}.weight"] *= 2
        norm(f"{name}_ln")

    add("encoder.conv1.weight", size.width, size.mels, 3, spread=0.1)
    add("encoder.conv1.bias", size.width, spread=0.1)
    add("encoder.conv2.weight", size.width, size.width, 3, spread=0.1)
    add("encoder.conv2.bias", size.width, spread=0.1)
    add("encoder.positional_embedding", size.encoder_positions, size.width)
    add("decoder.positional_embedding", size.decoder_positions, size.width)
    add("decoder.token_embedding.weight", size.vocabulary, size.width)
    made["decoder.token_embedding.weight"][END] *= 1.6
    for side, layers in (("encoder", size.encoder_layers), ("decoder", size.decoder_layers)):
        for layer in range(layers):
            block = f"{side}.blocks.{layer}"
            attention(f"{block}.attn")
            if side == "decoder":
                attention(f"{block}.cross_attn")
            linear(f"{block}.mlp.0", 4 * size.width, size.width)
            linear(f"{block}.mlp.2", size.width, 4 * size.width)
            norm(f"{block}.mlp_ln")
        norm(f"{side}.ln_post" if side == "encoder" else "decoder.ln")
    return made


def export(folder: Path, precision: str, given: Mapping[str, Tensor] | None = None) -> Path:
    """Write cross.onnx, decoder.onnx, vocabulary.json and an empty tokenizer.json to `folder`; returns it."""
    checkpoint = Checkpoint(dict(given or weights()), None, None, None)
    whisper = assemble(checkpoint, VOCABULARY)
    graphs.export_cross(whisper, SIZE, folder / "cross.onnx")
    graphs.export_decoder(whisper, SIZE, folder / "decoder.onnx")
    if precision == "int8":
        for name in ("cross.onnx", "decoder.onnx"):
            quantize(folder / name, folder / name)
    (folder / "vocabulary.json").write_text(VOCABULARY.to_json())
    Tokenizer(BPE()).save(str(folder / "tokenizer.json"))
    return folder
