"""The measurements of frames on the real server: not timed, only what they count and what they can't."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from liveroom import Effects
from rich.console import Console

from perf.inputs import command
from perf.inputs.pictures import room_frames
from perf.load import analyzer, grpc_load
from perf.load.video import jpeg
from perf.rooms.observation import Server, load, observe
from perf.rooms.profile import Frames, Kind, Profile
from perf.rooms.rows import row
from perf.rooms.schedule import Times, joins
from perf.rooms.slo import Slo
from perf.rooms.solo_baseline import play_alone
from perf.vision import studio
from server import Triton
from tooling.sources import Library

pytestmark = pytest.mark.thorough

PROJECT = Path(__file__).parents[2]
LIBRARY = Library()


@pytest.mark.parametrize("model", ["vision", "studio", "effects"])
def test_perf_analyzer_takes_pictures_and_rooms(model: str, vision_triton: Triton, tmp_path: Path) -> None:
    (written,) = command.write(command.chosen([model]), tmp_path, Console(quiet=True))
    load = analyzer.measure(vision_triton.grpc, model, 2, window_s=0.4, arguments=written.arguments)
    assert load.requests >= 3


def test_frames_are_answered_in_a_closed_loop_and_refusals_counted(vision_triton: Triton) -> None:
    def message(data: bytes) -> bytes:
        return grpc_load.request("vision", {"image": np.array([[data]], np.object_)}, ["boxes", "nsfw"])

    frame = jpeg(room_frames(LIBRARY, 1, 1)[0][0])
    good = grpc_load.measure(vision_triton.grpc, [message(frame)], 2, seconds=0.3, answer_bytes=16)
    assert (good.errors, good.per_second > 1) == (0, True)
    assert (good.p50_ms or 0) <= (good.p95_ms or 0) <= (good.p99_ms or 0)
    bad = grpc_load.measure(vision_triton.grpc, [message(b"GIF89a")], 1, seconds=0.1, answer_bytes=16)
    assert bad.first_error.startswith("INVALID_ARGUMENT")


def test_rooms_of_a_studio_are_played(vision_triton: Triton) -> None:
    frames = [[jpeg(frame) for frame in room] for room in room_frames(LIBRARY, 2, 2)]
    took = asyncio.run(studio.play(vision_triton.grpc, frames, Effects(blur=0.8), None, 1.0))
    assert len(took) >= 2
    assert all(0 < seconds < 1 for seconds in took)


def test_rooms_that_are_only_seen_tell_what_their_frames_show(vision_triton: Triton) -> None:
    times = Times(measured=2.0, ramp=0.2, settle=0.3, cool_down=0.5)
    profile = Profile("seen", (Kind(1, None, Frames(per_second=4)),))
    rooms = joins(profile.deal(2), times.ramp, seed=1)
    server = Server(vision_triton.grpc, vision_triton)
    solos = play_alone(server, profile, rooms, 1, times)
    found = row(observe(server, load(server, profile, rooms, 1, times), times), rooms, solos, times, Slo())
    assert (found.failed, found.lost, found.errors) == (0, 0, ())
    sent, seen = found.measures["frames_sent"], found.measures["frames_per_s"]
    assert sent == pytest.approx(2 * 4 * 2, abs=8), "pulses come once a second"
    assert 0 < (seen or 0) <= (sent or 0)
    assert 0 < (found.measures["frame_p50_s"] or 0) < 10
    assert {"vision", "faces"} <= {model.name for model in found.models}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_everything_is_measured_beside_the_peers(tmp_path: Path) -> None:
    out = tmp_path / "vision.json"
    options = ["--repeat=1", "--seconds=0.5", "--concurrency=2", "--rooms=1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "perf", "vision", *options, "--out", str(out)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
    )
    result = json.loads(done.stdout)
    assert result == json.loads(out.read_text(encoding="utf-8"))
    assert result["not_measured"] == {}
    (vision,) = result["vision"]
    ratio = vision["frames_per_s"] / vision["in_process_per_s"]
    assert vision["served_over_bare"] == pytest.approx(ratio, rel=0.01)
    assert len(result["studio"]) == len(studio.EFFECTS)
    for found in result["detectors"]:
        assert found["found"] + found["missed"] == found["faces"]
    assert {found["detector"] for found in result["detectors"]} == {
        *("blazeface", "centerface", "mediapipe full", "mediapipe short", "MTCNN")
    }
    assert all(found["iou_raw"] >= 0.97 for found in result["matte"])
    photos = next(found for found in result["recognition"] if found["subject"] == "photos")
    assert photos["same_pairs"] >= 6
