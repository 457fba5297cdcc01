"""What goes in is what comes out: which way up a video is, its colors, its times, its tracks, its name."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.subtitles.subtitle import AssSubtitle
from liveroom.cli._video import VideoFile
from numpy.typing import NDArray

from tests.unit.clips import write_clip
from tests.unit.picture_peer import scene
from tests.unit.test_cli_pictures import run

QUADRANTS = np.array([[[250, 0, 0], [0, 250, 0]], [[0, 0, 250], [250, 250, 250]]], np.uint8)
"""Red, green / blue, white: looks different however it is turned or mirrored."""


def quadrants(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    return np.repeat(np.repeat(QUADRANTS, height // 2, 0), width // 2, 1)


def corners(pixels: NDArray[np.uint8]) -> list[list[str]]:
    """The names of the colors in the four corners."""
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    near = pixels[[[6, 6], [-6, -6]], [[6, -6], [6, -6]]] > 125
    return [[names[int(pixel[0]), int(pixel[1]), int(pixel[2])] for pixel in line] for line in near]


@pytest.mark.parametrize("matrix", [
    (1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1),
    (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0),
])  # fmt: skip
async def test_a_turned_or_mirrored_video_comes_out_as_players_show_it(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    a, b, c, d = matrix
    clip = write_clip(tmp_path / "clip.mp4", [quadrants()] * 2, sound=False)
    data = bytearray(clip.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    said = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    data[at : at + 36] = np.array(said, ">i4").tobytes()
    clip.write_bytes(data)
    shown = np.zeros((2, 2), object)
    for y, line in enumerate([["red", "green"], ["blue", "white"]]):
        for x, name in enumerate(line):  # about the middle, (x, y) is shown at (x, y) times the matrix
            right, down = 2 * x - 1, 2 * y - 1
            shown[(1 + right * b + down * d) // 2, (1 + right * a + down * c) // 2] = name
    out = tmp_path / "out.mp4"
    assert await run("studio", clip, "--out", out) == 0
    with av.open(str(out)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == ((64, 48) if a else (48, 64))
    assert corners(frame.to_ndarray(format="rgb24").astype(np.uint8)) == shown.tolist()


def colored(path: Path, matrix: int, spread: int, *, aspect: Fraction = Fraction(1)) -> Path:
    """Two frames in colors of that matrix (1: BT.709, 6: BT.601, 9: BT.2020) and range, with their tags."""
    primaries, transfer = {1: (1, 1), 6: (6, 6), 9: (9, 14), 2: (2, 2)}[matrix]
    with av.open(str(path), "w") as container:
        video = container.add_stream("h264", rate=10, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.sample_aspect_ratio = aspect
        frame = av.VideoFrame.from_ndarray(quadrants(), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=5 if matrix == 2 else matrix, dst_color_range=spread
        )
        described: av.VideoCodecContext | av.VideoFrame
        for described in (video.codec_context, frame):
            described.colorspace, described.color_range = matrix, spread
            described.color_primaries, described.color_trc = primaries, transfer
        for number in range(2):
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def tags(path: Path) -> tuple[tuple[int, ...], Fraction | None, NDArray[np.uint8]]:
    """Matrix, primaries, transfer and whether 0 to 255 is used; the shape of pixels; the first frame."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        aspect = container.streams.video[0].sample_aspect_ratio
        full = frame.color_range == 2
        said = (frame.colorspace, frame.color_primaries, frame.color_trc, int(full))
        return said, aspect, frame.to_ndarray(format="rgb24").astype(np.uint8)


@pytest.mark.parametrize(("matrix", "spread"), [(1, 1), (1, 2), (6, 1), (9, 1), (2, 1)])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
async def test_colors_and_the_shape_of_pixels_stay(
    tmp_path: Path, ending: str, matrix: int, spread: int
) -> None:
    clip = colored(tmp_path / "clip.mkv", matrix, spread, aspect=Fraction(64, 45))
    out = tmp_path / f"out{ending}"
    assert await run("studio", clip, "--out", out) == 0
    (said, aspect, before), (said_after, aspect_after, after) = tags(clip), tags(out)
    assert said_after == said
    assert aspect_after == aspect == Fraction(64, 45)
    assert np.abs(before.astype(int) - after).mean() < 3
    with VideoFile(clip) as video:
        seen = next(video.frames()).pixels
    assert np.abs(seen[4:20, 4:28].astype(int) - (250, 0, 0)).max() <= 3


async def test_a_cover_is_not_the_video_and_is_said_to_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 96, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        video = container.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        container.mux(cover.encode(av.VideoFrame.from_ndarray(scene(0, 96, 96), format="rgb24")))
        container.mux(cover.encode())
        for _ in range(3):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(0, 64, 48), format="rgb24")))
        container.mux(video.encode())
    assert await run("vision", clip, "--json", "--out", tmp_path / "out.mp4") == 0
    said = capsys.readouterr()
    assert [(line["width"], line["height"]) for line in map(json.loads, said.out.splitlines())] == [
        (64, 48)
    ] * 3
    assert json.loads(said.err)["note"].startswith("out.mp4: video track 1 (mjpeg) is left out")
    cover_only = tmp_path / "cover.mp4"
    with av.open(str(cover_only), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 96, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(scene(0, 96, 96), format="rgb24")))
        container.mux(cover.encode())
    assert await run("vision", cover_only) == 1
    assert "cover.mp4 has no pictures in it but a cover" in capsys.readouterr().err


async def test_every_sound_track_title_and_chapter_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, text = tmp_path / "clip.mkv", tmp_path / "text.srt"
    text.write_text("1\n00:00:00,100 --> 00:00:00,300\n字幕\n", encoding="utf-8")
    with av.open(str(text)) as subtitles, av.open(str(clip), "w") as container:
        video = container.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = [container.add_stream("aac", rate=16_000) for _ in range(2)]
        lines = container.add_stream_from_template(subtitles.streams[0])
        for track, language in zip((*tracks, lines), ("zho", "eng", "zho"), strict=True):
            track.metadata["language"] = language
        container.metadata["title"] = "直播"
        container.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": "一"},
                }
            ]
        )
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(0, 64, 48), format="rgb24")))
        container.mux(video.encode())
        for track in tracks:
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
            sound.sample_rate = 16_000
            container.mux([*track.encode(sound), *track.encode()])
        for packet in subtitles.demux():
            if packet.size:
                packet.stream = lines
                container.mux(packet)
    for ending in (".mkv", ".mp4"):
        out = tmp_path / f"out{ending}"
        assert await run("studio", clip, "--out", out) == 0
        with av.open(str(out)) as container:
            others = [stream for stream in container.streams if stream.type != "video"]
            assert [stream.metadata["language"] for stream in others if stream.type != "data"] == [
                "zho",
                "eng",
                "zho",
            ]
            assert container.metadata["title"] == "直播"
            assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["一"]
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "name", ["a:b.mp4", "12:30 直播.mp4", "concat:x.mp4", "http:x.mp4", "-x.mp4", "%03d.mp4"]
)
async def test_a_name_is_that_of_a_file_whatever_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / name, [scene(0, 64, 48)] * 2, sound=False)
    out = f"./out {name}"
    assert await run("studio", f"./{name}" if name.startswith("-") else name, "--out", out) == 0
    with VideoFile(Path(out)) as video:
        assert len(list(video.frames())) == 2


async def test_a_recording_of_a_running_clock_begins_at_once(tmp_path: Path) -> None:
    clip = tmp_path / "clip.ts"
    with av.open(str(clip), "w", options={"output_ts_offset": "4000"}) as container:
        video = container.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(0, 64, 48), format="rgb24")))
        container.mux(video.encode())
    out = tmp_path / "out.mp4"
    assert await run("studio", clip, "--out", out) == 0
    with av.open(str(out)) as container:
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(
            [0, 0.1, 0.2, 0.3], abs=0.01
        )


LINES = [(0.1, 0.3, "字幕 <i>一</i>"), (0.35, 0.45, "two\nlines")]


def subtitled(path: Path) -> Path:
    """Five frames at ten a second, and LINES as subrip."""
    text = path.with_suffix(".srt")
    text.write_text(
        "".join(
            f"{n}\n00:00:00,{1000 * start:03.0f} --> 00:00:00,{1000 * end:03.0f}\n{line}\n\n"
            for n, (start, end, line) in enumerate(LINES, 1)
        ),
        encoding="utf-8",
    )
    with av.open(str(text)) as subtitles, av.open(str(path), "w") as container:
        video = container.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        lines = container.add_stream_from_template(subtitles.streams[0])
        for packet in subtitles.demux():
            if packet.size:
                packet.stream = lines
                container.mux(packet)
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(scene(0, 64, 48), format="rgb24")))
        container.mux(video.encode())
    return path


def subtitles_of(path: Path) -> tuple[str, list[tuple[float, float, str]]]:
    """Their codec, and when each line is shown."""
    lines = []
    with av.open(str(path)) as container:
        track = container.streams.subtitles[0]
        for packet in container.demux(track):
            for shown in packet.decode() if packet.size else ():
                assert isinstance(shown, AssSubtitle)
                start, lasts = (
                    float(each * packet.time_base) for each in (packet.pts or 0, packet.duration or 0)
                )
                lines.append((start, start + lasts, shown.dialogue.decode()))
        return track.codec_context.codec.canonical_name, lines


@pytest.mark.parametrize(
    ("endings", "codec"),
    [
        ([".mp4"], "mov_text"),
        ([".mp4", ".mkv"], "subrip"),
        ([".webm"], "webvtt"),
        ([".webm", ".mov"], "mov_text"),
    ],
)
async def test_subtitles_become_what_the_format_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], endings: list[str], codec: str
) -> None:
    clip = subtitled(tmp_path / "clip.mkv")
    for ending in endings:
        out = tmp_path / f"out{ending}"
        assert await run("studio", clip, "--out", out) == 0
        assert capsys.readouterr().err == ""
        clip = out
    name, lines = subtitles_of(clip)
    assert name == codec
    plain = [re.sub(r"\{[^}]*\}", "", text.replace("\\N", "\n")) for _, _, text in lines]
    assert plain == [re.sub("</?i>", "", text) for _, _, text in LINES]
    assert np.allclose([line[:2] for line in lines], [line[:2] for line in LINES], atol=0.05)


def timed(path: Path, times: list[float], sound_at: float) -> Path:
    """Frames at `times`, and a second of a tone from `sound_at` on; what is before 0 is not played."""
    webm = path.suffix == ".webm"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx-vp9" if webm else "h264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio = container.add_stream("libopus" if webm else "aac", rate=48_000)
        for at in times:
            frame = av.VideoFrame.from_ndarray(scene(round(100 * at), 64, 48), format="rgb24")
            frame.pts, frame.time_base = round(1000 * at), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        tone = np.sin(np.arange(48_000, dtype=np.float32) * 0.05)[None]
        samples = av.AudioFrame.from_ndarray(tone, format="flt", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = 48_000, 0, Fraction(1, 48_000)
        for packet in [*audio.encode(samples), *audio.encode()]:
            if packet.pts is not None:
                packet.pts = packet.dts = packet.pts + round(sound_at / packet.time_base)
                container.mux(packet)
    return path


def played(path: Path) -> tuple[list[float], float, float]:
    """When frames are shown; when sound begins, and for how many seconds there is some."""
    with av.open(str(path)) as container:
        times = [frame.time or 0.0 for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        heard = list(container.decode(audio=0))
    return times, heard[0].time or 0.0, sum(frame.samples / frame.sample_rate for frame in heard)


IRREGULAR = [0, 0.04, 0.1, 0.133, 0.4, 0.41, 0.9]


@pytest.mark.parametrize(
    ("before", "after", "sound_at"),
    [
        *((before, after, 0.3) for before in (".mp4", ".mkv") for after in (".mp4", ".mkv")),
        (".webm", ".webm", 0.0),
        (".mp4", ".mp4", -0.6),
        (".mp4", ".mkv", -0.6),
    ],
)
async def test_each_frame_keeps_its_time_and_sound_its_place_beside_it(
    tmp_path: Path, before: str, after: str, sound_at: float
) -> None:
    """Also where an MP4 has an edit list, for frames that come later or sound of before its beginning."""
    clip, out = timed(tmp_path / f"clip{before}", IRREGULAR, sound_at), tmp_path / f"out{after}"
    assert await run("studio", clip, "--out", out) == 0
    (times, begins, lasts), (times_after, begins_after, lasts_after) = played(clip), played(out)
    assert np.diff(times) == pytest.approx(np.diff(IRREGULAR), abs=0.002)
    assert np.diff(times_after) == pytest.approx(np.diff(times), abs=0.002)
    assert times_after[0] == pytest.approx(times[0], abs=0.15), "what a decoder needs before"
    near = 0.15 if sound_at < 0 else 0.03
    assert times_after[0] - begins_after == pytest.approx(times[0] - begins, abs=near)
    assert lasts_after == pytest.approx(lasts, abs=near)


async def test_a_webm_shows_pixels_as_wide_as_they_were(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = colored(tmp_path / "clip.mkv", 6, 1, aspect=Fraction(3, 2))
    out = tmp_path / "out.webm"
    assert await run("studio", clip, "--out", out) == 0
    assert "its pixels of 3/2 become square, 96 to a line instead of 64" in capsys.readouterr().err
    with av.open(str(out)) as container:
        frame = next(container.decode(video=0))
        assert container.streams.video[0].sample_aspect_ratio in (None, 1)
    assert (frame.width, frame.height) == (96, 48)
    assert corners(frame.to_ndarray(format="rgb24").astype(np.uint8)) == [["red", "green"], ["blue", "white"]]
