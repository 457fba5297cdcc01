"""`exporters.whisper`: checkpoints that cannot be served are refused before anything is built."""

from dataclasses import replace
from pathlib import Path

import pytest

from exporters import whisper
from exporters.contract import Job, Options
from exporters.errors import ExportError
from tests import tiny_whisper
from tests.whisper_formats import write_hugging_face
from tooling.sources import Library


def build(folder: Path, mels: int) -> None:
    weights = tiny_whisper.weights(replace(tiny_whisper.SIZE, mels=mels))
    checkpoint = write_hugging_face(weights, folder / "checkpoint")
    whisper.EXPORTER.build(Job(Options(checkpoint=checkpoint), folder / "work", Library(folder)))


def test_mel_bands_that_nobody_makes(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="takes 128 mel bands; log_mel serves 80: use one of 80 bands"):
        build(tmp_path, mels=128)


def test_a_graph_that_no_file_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "MOST_BYTES", 100_000)
    with pytest.raises(ExportError, match=r"a graph of 0\.0 GB; one ONNX file holds 2\.1 GB"):
        build(tmp_path, mels=80)
