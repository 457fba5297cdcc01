"""Checkpoints that are none: empty, cut, another family's, a pointer. Every family says so in a sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exporters import cli
from exporters.contract import Options
from exporters.registry import all_exporters
from tooling.sources import Library

PROJECT = Path(__file__).parents[2]
FAMILIES = (
    *(
        "centerface",
        "denoise",
        "face_embedding",
        "face_expression",
        "moderation",
        "nsfw",
        "pitch",
        "sentiment",
    ),
    *("text_encoder", "voice_activity"),
)


def weights(family: str) -> Path:
    """The largest file of a family's own source."""
    exporter, library = all_exporters()[family], Library()
    files = [
        library.path(s, name) for s in exporter.sources(Options(None, None, None, False)) for name in s.files
    ]
    return max(files, key=lambda file: file.stat().st_size)


def empty(_: str) -> bytes:
    return b""


def cut_in_half(family: str) -> bytes:
    whole = weights(family).read_bytes()
    return whole[: len(whole) // 2]


def without_its_end(family: str) -> bytes:
    return weights(family).read_bytes()[:-100]


def of_another_family(family: str) -> bytes:
    return weights("centerface" if family == "nsfw" else "nsfw").read_bytes()


def pointer(_: str) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"


def test_every_family_that_takes_a_checkpoint_is_tried() -> None:
    exporters = all_exporters().items()
    taking = {name for name, each in exporters if each.checkpoint and not each.lacks_weights(Options())}
    assert taking == {*FAMILIES, "whisper"}, "see test_whisper_checkpoint.py for the latter"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("content", [empty, cut_in_half, without_its_end, of_another_family, pointer])
def test_a_checkpoint_that_is_none_is_refused_in_a_sentence(
    family: str, content: Callable[[str], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / f"checkpoint{weights(family).suffix}"
    file.write_bytes(content(family))
    repository = tmp_path / "repository"
    for model in all_exporters()[family].models:
        folder = PROJECT / "model_repository" / model
        shutil.copytree(folder, repository / model, ignore=shutil.ignore_patterns("1"))
        (repository / model / "1").mkdir()
    assert cli.main([family, "--checkpoint", str(file), "--repository", str(repository), "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)["error"]
    assert str(file) in said
    assert len(said) > len(str(file)) + 20
    assert "\n" not in said
    assert not [*repository.glob("*/1/*")], "nothing is installed"
