"""`python -m perf live` on the real server, with real speech."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import psutil
import pytest
import soundfile

from evaluation.speech import MOONSHINE
from tooling.sources import Library

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
SHM = Path("/dev/shm")  # noqa: S108


@pytest.fixture(scope="module")
def beckett() -> Path:
    """10 s of English: "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."."""
    return Library().path(MOONSHINE, next(name for name in MOONSHINE.files if "beckett" in name))


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "perf", "live", *map(str, arguments)]


def test_a_recording_is_captioned_filmed_and_measured(beckett: Path, tmp_path: Path) -> None:
    stereo = tmp_path / "stereo.flac"
    audio, rate = soundfile.read(beckett)
    soundfile.write(stereo, np.stack([audio, audio], axis=1), rate)
    out, svg = tmp_path / "live.json", tmp_path / "pictures" / "live.svg"
    line = command(stereo, "--pace", "0", "--language", "en", "--json", "--out", out, "--svg", svg)
    done = subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120)
    result = json.loads(done.stdout)
    assert result == json.loads(out.read_text(encoding="utf-8"))
    assert "fail better" in done.stderr.lower(), "captions were not shown"
    assert 10 <= result["words"] <= 14
    assert result["finals"] >= 1
    assert result["audio_s"] == pytest.approx(len(audio) / rate, abs=0.01)
    assert result["real_time_factor"] == pytest.approx(result["wall_s"] / result["audio_s"], rel=0.01)
    assert result["final_p95_s"] > 0
    assert "partial_p95_s" in result
    models = {model["name"]: model for model in result["models"]}
    assert {"asr", "captions", "whisper_encoder", "whisper_decoder", "voice_activity"} <= set(models)
    assert models["whisper_encoder"]["compute_ms"] > 0
    assert models["asr"]["compute_ms"] is None
    assert result["frames_sent"] == 50
    assert result["frames_seen"] + result["frames_dropped"] == 50
    assert result["frames_seen"] >= 4
    assert result["faces"] == result["frames_seen"] == sum(result["expressions"].values())
    assert result["frame_p95_s"] > 0
    with (PROJECT / "examples" / "chat.csv").open(encoding="utf-8", newline="") as file:
        early = sum(float(row["time_s"]) < result["audio_s"] for row in csv.DictReader(file))
    assert result["lines_sent"] == sum(result["lines_decided"].values()) == early
    assert result["moods"]["host"]["parts"].keys() == {"voice", "chat", "face"}
    assert result["moods"]["audience"]["valence"] > 0
    assert "直播间" in result["echo"]["heard"]
    assert 0 < result["echo"]["first_audio_s"] <= result["echo"]["spent_s"]
    drawn = "".join(ElementTree.parse(svg).getroot().itertext()).replace("\N{NO-BREAK SPACE}", " ")  # noqa: S314 - it is ours
    assert "ever tried." in drawn.lower()


@pytest.fixture
def playing(beckett: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A room that is being played in real time, in a process group of its own as at a terminal."""
    line = command(beckett, "--out", tmp_path / "live.json")
    with subprocess.Popen(
        line, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("when", ["starting", "playing"])
def test_ctrl_c_leaves_no_process_behind(playing: "subprocess.Popen[str]", tmp_path: Path, when: str) -> None:
    family = children(playing)
    if when == "playing":
        assert playing.stdout is not None
        assert "beckett.wav: 10.0 s" in playing.stdout.readline()
        time.sleep(2)
        family = psutil.Process(playing.pid).children(recursive=True)
        assert len(family) > 5, "no stubs?"
    folder = next(Path(word).parent.name for word in family[0].cmdline() if word.endswith("/repository"))
    os.killpg(playing.pid, signal.SIGINT)
    _, errors = playing.communicate(timeout=20)
    assert playing.returncode == 130
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert not list(SHM.glob(f"{folder}*"))
    assert not (tmp_path / "live.json").exists()


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Its children as soon as there is a server among them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(psutil.NoSuchProcess):  # one that ended while it was asked for its name
            found = psutil.Process(process.pid).children(recursive=True)
            if any("tritonserver" in child.name() for child in found):
                return found
        time.sleep(0.01)
    raise AssertionError("no server was started")
