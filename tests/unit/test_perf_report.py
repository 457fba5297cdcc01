"""What every result file says of itself, and how it is written."""

import json
from pathlib import Path

import pytest

from perf import report


def test_a_result_says_where_when_and_of_what_it_is() -> None:
    found = json.loads(json.dumps(report.provenance({"pace": 1.0})))
    assert found["settings"] == {"pace": 1.0}
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["cpu"]
    assert found["machine"]["load_1min"] >= 0
    assert found["versions"]["numpy"].count(".") == 2
    assert set(found["weights"]) == {"whisper_encoder", "whisper_decoder"}
    assert found["measured_at"].endswith("+00:00")


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("perf.report.results.PROJECT", tmp_path)
    assert report.provenance({})["commit"] is None


def test_a_result_replaces_the_one_before_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "live.json"
    report.save(path, {"words": 1})
    report.save(path, {"words": 2, "text": "你好"})
    assert path.read_text(encoding="utf-8").count("你好") == 1
    assert json.loads(path.read_text(encoding="utf-8"))["words"] == 2
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(TypeError):
        report.save(path, {"words": object()})
    assert json.loads(path.read_text(encoding="utf-8"))["words"] == 2
