"""`liveroom vision` and `studio` on videos: every frame, the same sound, and whole files or none."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path

import av
import grpc
import numpy as np
import pytest
from liveroom.cli import main
from liveroom.cli._video import VideoFile

from tests.unit.clips import RATE, read_clip, write_clip
from tests.unit.picture_peer import DOUBTFUL, Gate, PicturePeer, scene
from tests.unit.test_cli_pictures import run

LIVEROOM = [sys.executable, "-c", "import sys; from liveroom.cli import main; sys.exit(main())"]
FRAMES = 12


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames at ten a second, of nobody, with a tone."""
    return write_clip(tmp_path / "clip.mp4", [scene(0)] * FRAMES)


async def test_vision_prints_a_line_for_every_frame(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("vision", clip, "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [["pts", "width", "height", "faces", "nsfw"]] * FRAMES
    assert [line["pts"] for line in lines] == [number / RATE for number in range(FRAMES)]
    assert await run("vision", clip) == 0
    assert capsys.readouterr().out == f"{clip}: {FRAMES} frames, 0 faces; expressions: none\n"


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
async def test_a_drawn_video_keeps_its_times_and_its_sound(clip: Path, ending: str) -> None:
    out = clip.with_name(f"drawn{ending}")
    assert await run("vision", clip, "--out", out) == 0
    (before, heard), (after, heard_after) = read_clip(clip), read_clip(out)
    assert [pts for pts, _ in after] == pytest.approx([pts for pts, _ in before], abs=0.002)
    assert after[0][1].shape == (480, 640, 3)
    assert np.array_equal(heard_after, heard)
    assert sorted(path.name for path in clip.parent.iterdir()) == ["clip.mp4", out.name]


async def test_a_video_says_in_which_frames_it_cannot_tell_that_nobody_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = [scene(0), scene(DOUBTFUL + 10), scene(0), scene(DOUBTFUL + 10), scene(0)]
    clip, out = write_clip(tmp_path / "clip.mp4", shown), tmp_path / "out.mp4"
    assert await run("studio", clip, "--anonymize", "--out", out) == 5
    assert f"{clip}: in 2 frames from 0.10 s to 0.30 s something may be a face" in capsys.readouterr().err
    assert len(read_clip(out)[0]) == len(shown)
    assert await run("studio", clip, "--anonymize", "--out", out, "--json") == 5
    said = json.loads(capsys.readouterr().out)
    assert said == {"file": str(clip), "out": str(out), "sure": False, "unsure": [0.1, 0.3]}
    assert await run("studio", clip, "--smooth", "1", "--out", out) == 0, "nobody was to be hidden"


async def test_studio_edits_every_frame_in_one_room(clip: Path) -> None:
    out = clip.with_name("edited.mp4")
    peer = PicturePeer()
    assert await run("studio", clip, "--background", "blur", "--out", out, peer=peer) == 0
    (before, heard), (after, heard_after) = read_clip(clip), read_clip(out)
    assert len(after) == FRAMES
    for (_, old), (_, new) in zip(before, after, strict=True):
        assert np.abs(255 - old.astype(int) - new).max() <= 6
    assert np.array_equal(heard_after, heard)
    assert len(peer.unary) == FRAMES + 1
    assert len({request.parameters["sequence_id"].string_param for request in peer.unary}) == 1
    assert json.loads(peer.unary[0].raw_input_contents[1][4:])["format"] == "ppm"


async def test_a_silent_video_of_odd_size_loses_at_most_a_line(tmp_path: Path) -> None:
    clip = tmp_path / "silent.mkv"
    with av.open(str(clip), "w") as container:
        video = container.add_stream("ffv1", rate=RATE)
        video.width, video.height, video.pix_fmt = 33, 25, "bgr0"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(scene(0, 33, 25), format="rgb24")
            container.mux(video.encode(frame.reformat(format="bgr0")))
        container.mux(video.encode())
    out = tmp_path / "out.mp4"
    assert await run("studio", clip, "--out", out) == 0
    frames, heard = read_clip(out)
    assert [frame.shape for _, frame in frames] == [(24, 32, 3)] * 3
    assert not len(heard)


@pytest.mark.parametrize("ending", [".avi", ".wmv"])
async def test_frames_keep_their_order_where_files_know_only_one_time(clip: Path, ending: str) -> None:
    out = clip.with_name(f"drawn{ending}")
    assert await run("vision", write_clip(clip, [scene(0)] * FRAMES, sound=False), "--out", out) == 0
    with av.open(str(out)) as container:
        assert not container.streams.video[0].codec_context.has_b_frames


def test_times_in_disorder_increase(tmp_path: Path) -> None:
    clip = tmp_path / "disorder.avi"
    with av.open(str(clip), "w") as container:
        video = container.add_stream("h264", rate=RATE, options={"bf": "3", "x264-params": "b-adapt=0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for gray in range(0, 240, 20):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(gray, 64, 48), format="rgb24")))
        container.mux(video.encode())
    with VideoFile(clip) as read:
        frames = list(read.frames())
    assert len(frames) == 12
    assert all(after.pts - before.pts > 0.9 / RATE for before, after in itertools.pairwise(frames))


async def test_frames_of_another_size_become_as_large_as_the_first(tmp_path: Path) -> None:
    clip = tmp_path / "both.ts"
    parts = [
        write_clip(tmp_path / f"{width}.ts", [scene(0, width, 48)] * 3, sound=False).read_bytes()
        for width in (64, 96)
    ]
    clip.write_bytes(b"".join(parts))
    out = tmp_path / "out.mp4"
    assert await run("studio", clip, "--out", out) == 0
    assert [frame.shape for _, frame in read_clip(out)[0]] == [(48, 64, 3)] * 6


def test_a_video_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    half = scene(0, 64, 48)
    half[:, 32:] = 250
    lying = write_clip(tmp_path / "lying.mp4", [half] * 2, sound=False)
    data = bytearray(lying.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # the display matrix, to be turned clockwise by 90 degrees
    data[at : at + 36] = np.array([0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30], ">i4").tobytes()
    lying.write_bytes(data)
    with VideoFile(lying) as video:
        frame = next(iter(video.frames()))
    assert frame.pixels.shape == (64, 48, 3)
    assert frame.pixels[:30].mean() < 10
    assert frame.pixels[34:].mean() > 240


@pytest.mark.parametrize("command", [["vision"], ["studio", "--background", "blur"]])
async def test_an_error_on_the_way_leaves_no_half_written_file(
    clip: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = clip.with_name("out.mp4")
    out.write_bytes(b"what was there before")
    peer = PicturePeer()

    async def fail(picture: bytes) -> None:
        if len(peer.unary) == 6:
            peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "no more")] * 9

    peer.hook = fail
    assert await run(command[0], clip, *command[1:], "--out", out, peer=peer) == 1
    assert "no more" in capsys.readouterr().err
    assert out.read_bytes() == b"what was there before"
    assert sorted(path.name for path in clip.parent.iterdir()) == ["clip.mp4", "out.mp4"]


@pytest.mark.parametrize("command", ["vision", "studio"])
async def test_interrupting_leaves_no_half_written_file(clip: Path, command: str) -> None:
    gate = Gate()
    async with PicturePeer(gate).listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *(command, str(clip), "--out", str(clip.with_name("out.mp4")), "--url", url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await gate.arrivals(1)
        assert len(list(clip.parent.iterdir())) == 2
        process.send_signal(signal.SIGINT)
        out, error = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, out, error) == (130, b"", b"")
    assert list(clip.parent.iterdir()) == [clip]


async def test_bad_videos_are_explained(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = clip.parent
    text, cut, sound = folder / "text.mp4", folder / "cut.ts", folder / "sound.mp4"
    text.write_text("no video")
    cut.write_bytes(write_clip(folder / "whole.ts", [scene(0)] * 3).read_bytes()[:900])
    with av.open(str(sound), "w") as container:
        audio = container.add_stream("aac", rate=16_000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 16_000
        container.mux([*audio.encode(samples), *audio.encode()])
    for file, says in (
        (text, "text.mp4 can't be read as video"),
        (cut, "cut.ts "),
        (sound, "sound.mp4 has no pictures in it"),
        (folder / "absent.mp4", "absent.mp4 is not a file"),
    ):
        assert await run("vision", file, "--json") == 1
        assert says in capsys.readouterr().err
    assert await run("vision", clip, "--out", folder / "out.webm") == 1
    assert "out.webm can't be written, with aac sound" in capsys.readouterr().err
    assert await run("vision", clip, "--out", folder / "out.png") == 1
    assert "out.png is no video" in capsys.readouterr().err
    assert not list(folder.glob("*out*"))


def test_a_video_needs_a_server() -> None:
    assert main(["studio", "absent.mp4", "--out", "out.mp4", "--url", "127.0.0.1:1"]) == 1
