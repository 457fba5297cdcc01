"""`python -m perf asr`, whole: against the real peer, in its own environment. Not timed, only its shape."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_clips_crowds_and_rooms_are_measured(tmp_path: Path) -> None:
    out = tmp_path / "asr.json"
    command = [
        sys.executable,
        "-m",
        "perf",
        "asr",
        "--repeat",
        "1",
        "--concurrency",
        "2",
        "--rooms",
        "1",
        "--json",
    ]
    done = subprocess.run(
        [*command, "--out", str(out)], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=600
    )
    result = json.loads(done.stdout)
    assert result == json.loads(out.read_text(encoding="utf-8"))
    assert {clip["language"] for clip in result["clips"]} == {"en", "zh"}
    for clip in result["clips"]:
        assert clip["speedup"] == pytest.approx(clip["peer_s"] / clip["ours_s"], rel=0.01)
        assert 0 <= clip["wer_ours"] < 0.5
        assert 0 <= clip["wer_peer"] < 0.5
        assert len(clip["runs"]["ours_s"]) == len(clip["runs"]["peer_batched_s"]) == 1
    assert result["peer"]["faster-whisper"] == "1.2.1"
    (crowd,) = result["crowds"]
    assert crowd["concurrency"] == 2
    assert crowd["wer_peer"] < 0.2
    assert crowd["wer_ours"] < 0.2
    (stream,) = result["streams"]
    assert stream["rooms"] == 1
    assert stream["ours_errors"] == stream["peer_errors"] == []
    assert stream["wer_ours"] < 0.2
    assert stream["peer_partials"] > 3
