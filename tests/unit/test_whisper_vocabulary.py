"""`exporters.whisper.vocabulary`: tokenizers mended and read."""

import json
from pathlib import Path
from typing import cast

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE

from exporters.errors import ExportError
from exporters.whisper.vocabulary import TIMESTAMPS, mended, read_vocabulary
from exporters.whisper.weights import BASE
from tooling.sources import Library

SIZE = 51865
Merges = list[str] | list[list[str]]


@pytest.fixture(scope="module")
def original() -> Path:
    """The tokenizer.json that comes with the default weights."""
    source = next(source for source in BASE.sources if BASE.tokenizer in source.files)
    return Library().fetch(source) / BASE.tokenizer


@pytest.fixture(scope="module")
def whole(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer with all its merges."""
    path = tmp_path_factory.mktemp("whole") / "tokenizer.json"
    path.write_text(mended(original), encoding="utf-8")
    return path


def merges(text: str) -> Merges:
    return cast(Merges, json.loads(text)["model"]["merges"])


def ids(text: str, of: str) -> list[int]:
    return list(Tokenizer.from_str(of).encode(text, add_special_tokens=False).ids)


def test_the_defaults_lost_their_first_merge_and_get_it_back(original: Path) -> None:
    assert original.is_file()
    lost, found = original.read_text(encoding="utf-8"), mended(original)
    assert len(merges(found)) == len(merges(lost)) + 1
    assert merges(found)[0] in ("Ġ t", ["Ġ", "t"])
    assert list(merges(found)[1:]) == list(merges(lost))
    assert len(ids(" to", lost)) == 2
    assert ids(" to", found) == [Tokenizer.from_str(found).token_to_id("Ġto")]


def test_what_it_decodes_it_encodes_again(whole: Path) -> None:
    tokenizer = Tokenizer.from_file(str(whole))
    for text in (" the tale of two cities", " It was the best of times.", "今天天气很好", " émeute"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids) == text


@pytest.mark.parametrize("pairs", [False, True])
def test_a_whole_tokenizer_is_not_touched(whole: Path, tmp_path: Path, pairs: bool) -> None:
    content = json.loads(whole.read_text(encoding="utf-8"))
    strings = [each if isinstance(each, str) else " ".join(each) for each in content["model"]["merges"]]
    content["model"]["merges"] = [each.split(" ") for each in strings] if pairs else strings
    path = tmp_path / "whole.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert json.loads(mended(path)) == content


def test_the_lost_merge_comes_back_in_the_form_of_the_others(whole: Path, tmp_path: Path) -> None:
    content = json.loads(whole.read_text(encoding="utf-8"))
    content["model"]["merges"] = [
        each.split(" ") if isinstance(each, str) else each for each in content["model"]["merges"]
    ][1:]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert merges(mended(path))[0] == ["Ġ", "t"]


@pytest.mark.parametrize(
    "model", [{}, {"type": "WordLevel", "vocab": {"a": 0}}, {"type": "BPE", "vocab": {}, "merges": []}]
)
def test_a_tokenizer_of_another_kind_is_not_touched(tmp_path: Path, model: dict[str, object]) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"version": "1.0", "model": model}))
    assert json.loads(mended(path)) == {"version": "1.0", "model": model}


def test_special_tokens_are_found(whole: Path) -> None:
    vocabulary = read_vocabulary(whole, SIZE, (1, 2), (220,))
    assert (vocabulary.start, vocabulary.end) == (50258, 50257)
    assert vocabulary.codes[:2] == ("en", "zh")
    assert len(vocabulary.codes) == 99
    assert vocabulary.languages == range(50259, 50358)
    assert vocabulary.prompt == (50359, 50363)  # transcribe, no timestamps
    assert vocabulary.end not in vocabulary.suppress
    assert {1, 2, *range(50258, SIZE)} == set(vocabulary.suppress)
    assert json.loads(vocabulary.to_json())["begin_suppress"] == [220]


def test_a_tokenizer_of_another_checkpoint_is_refused(whole: Path) -> None:
    with pytest.raises(
        ExportError, match=f"made for {SIZE} tokens, the checkpoint has {SIZE + 1}; put the tokenizer"
    ):
        read_vocabulary(whole, SIZE + 1, (), ())
    assert TIMESTAMPS == 1501


def test_a_tokenizer_that_is_not_whispers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    Tokenizer(BPE()).save(str(path))
    with pytest.raises(
        ExportError, match=r"has no token <\|startoftranscript\|>; it is not a Whisper tokenizer"
    ):
        read_vocabulary(path, SIZE, (), ())
