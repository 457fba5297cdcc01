"""The peer of the comparison gets the very weights that ours were made of."""

import json
from pathlib import Path

from exporters.whisper.weights import BASE
from perf.asr.faster_whisper import weights
from tooling.sources import Library


def test_the_weights_are_complete_for_ctranslate2(tmp_path: Path) -> None:
    library = Library()
    folder = weights(tmp_path, library)
    parts = [library.path(s, name) for s in BASE.sources for name in BASE.model if name in s.files]
    assert (folder / "model.bin").stat().st_size == sum(part.stat().st_size for part in parts)
    assert json.loads((folder / "config.json").read_text())["suppress_ids"]
    tokens = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    assert len(tokens) == len(set(tokens)) == 51865
    assert tokens[50257:50260] == ["<|endoftext|>", "<|startoftranscript|>", "<|en|>"]
    assert tokens[50363:50366] == ["<|notimestamps|>", "<|0.00|>", "<|0.02|>"]
    assert tokens[-1] == "<|30.00|>"
