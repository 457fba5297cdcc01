"""The client and the command line on the real `vision` and `studio`, with real photos."""

import asyncio
import io
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from liveroom import (
    AsyncClient,
    AsyncRoom,
    Effects,
    FrameResult,
    Gallery,
    InvalidInput,
    RoomClosed,
    ServerUnavailable,
    Timeouts,
)
from liveroom._picture import pixels_of_ppm
from liveroom.cli import main
from PIL import Image

from evaluation import pictures
from evaluation.pictures import Photo, read_image
from server import Triton
from tests.triton.conftest import PROJECT
from tests.triton.looking import jpeg
from tests.unit.clips import read_clip, write_clip

Photos = dict[str, Photo]


@pytest.fixture
async def client(vision_triton: Triton) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(vision_triton.grpc) as client:
        yield client


async def test_a_portrait_by_path_bytes_and_array(client: AsyncClient, photos: Photos) -> None:
    path = photos["astronaut"].path
    by_path = await client.analyze_image(path)
    assert (by_path.width, by_path.height) == (512, 512)
    assert by_path.nsfw < 0.5
    (face,) = by_path.faces
    assert face.box == pytest.approx((172, 66, 278, 172), abs=12)
    assert face.top_expression == "happy"
    assert sum(face.expression.values()) == pytest.approx(1, abs=1e-4)
    assert all(172 < x < 278 and 66 < y < 172 for x, y in face.landmarks)
    assert await client.analyze_image(path.read_bytes()) == by_path
    assert await client.analyze_image(read_image(path)) == by_path
    (meshed,) = (await client.analyze_image(path, detector="centerface", meshes=True)).faces
    assert meshed.mesh is not None
    assert np.abs(meshed.mesh[:, :2].mean(axis=0) - (226, 120)).max() < 20


async def test_people_are_known_again_and_others_are_not(client: AsyncClient, photos: Photos) -> None:
    gallery = Gallery()
    await client.enroll(gallery, "奥巴马", photos["obama"].path, photos["obama2"].path)
    await client.enroll(gallery, "Eileen Collins", photos["astronaut"].path)
    for photo, name in (
        ("obama3", "奥巴马"),
        ("obama_partial_face", "奥巴马"),
        ("biden", None),
        ("single_face", None),
    ):
        (face,) = gallery.named((await client.analyze_image(photos[photo].path)).faces)
        assert face.name == name, photo
    gallery.remove("奥巴马")
    (face,) = (await client.analyze_image(photos["obama"].path)).faces
    assert gallery.match(face).name is None
    for photo, count in (("sample5", 5), ("chelsea", 0)):
        with pytest.raises(InvalidInput, match=f"photo 1 of 'Jim': the picture shows {count} faces"):
            await client.enroll(gallery, "Jim", photos[photo].path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no picture", "JPEG, PNG, WebP, AVIF or PPM"),
        (b"P6 100000 100000 255\n", "100000 x 100000 pixels"),
        (jpeg(np.zeros((480, 640, 3), np.uint8))[:600], "broken or cut off"),
    ],
)
async def test_bad_pictures_are_the_callers_fault(client: AsyncClient, data: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        await client.analyze_image(data)
    with pytest.raises(InvalidInput, match=says):
        await client.edit_image(data, Effects(blur=1.0))


async def test_effects_do_what_they_are_asked_and_nothing_else(client: AsyncClient, photos: Photos) -> None:
    path = photos["astronaut"].path
    assert await client.edit_image(path, Effects()) == path.read_bytes()
    before = read_image(path).astype(int)
    edited = await client.edit_image(path, Effects(blur=1.0, format="png"))
    change = np.abs(np.asarray(Image.open(io.BytesIO(edited)).convert("RGB")).astype(int) - before).mean(
        axis=2
    )
    assert change[90:150, 190:260].mean() < 3 < change[40:300, 380:500].mean()
    with pytest.raises(InvalidInput, match="crown"):
        await client.edit_image(path, Effects(sticker="moustache"))


@pytest.mark.thorough
async def test_faces_of_who_is_enrolled_are_left_alone(client: AsyncClient, photos: Photos) -> None:
    photo, effects = read_image(photos["astronaut"].path), Effects(anonymize=1.0, format="ppm")
    gallery = Gallery()

    async def change() -> float:
        edited = pixels_of_ppm(await client.edit_image(photo, effects, enrolled=gallery))
        return float(np.abs(edited.astype(int) - photo)[80:160, 185:265].mean())

    assert await change() > 10
    await client.enroll(gallery, "Eileen Collins", photo)
    assert await change() == 0
    gallery.remove("Eileen Collins")
    assert await change() > 10


async def test_a_studio_room_edits_a_clip(client: AsyncClient) -> None:
    clip = [frame for _, frame in zip(range(10), pictures.frames(pictures.talking_head()), strict=False)]
    async with client.studio_room(
        "clip", Effects(replace=1.0, format="ppm"), background=np.zeros_like(clip[0])
    ) as room:
        edited = [pixels_of_ppm(await room.edit_frame(frame)) for frame in clip]
        with pytest.raises(InvalidInput):
            await room.edit_frame(b"no picture")
        assert pixels_of_ppm(await room.edit_frame(clip[0])).shape == clip[0].shape
    for before, after in zip(clip, edited, strict=True):
        assert after.shape == before.shape
        assert after[:30, 130:].mean() < 12 < before[:30, 130:].mean()
        assert np.abs(after[50:85, 60:90].astype(int) - before[50:85, 60:90]).mean() < 12
    with pytest.raises(RoomClosed):
        await room.edit_frame(clip[0])


async def test_a_rooms_frames_come_back_in_order_and_what_is_too_much_is_counted(
    client: AsyncClient, photos: Photos
) -> None:
    picture = jpeg(read_image(photos["astronaut"].path))
    gallery = Gallery()
    await client.enroll(gallery, "Eileen Collins", picture)
    seen: list[FrameResult] = []
    async with client.room("frames", gallery=gallery) as room:

        async def read() -> None:
            async for event in room.events():
                assert isinstance(event, FrameResult)
                seen.append(event)

        reader = asyncio.create_task(read())
        for number in range(30):
            await room.send_frame(picture, number / 25)
            await asyncio.sleep(0.01)
        await room.send_frame(b"no picture", 2.0)
        await asyncio.sleep(0.5)
        with pytest.raises(InvalidInput, match="JPEG, PNG, WebP, AVIF or PPM"):
            await room.send_frame(picture, 3.0)
        await room.send_frame(picture, 3.0)
        await room.end()
        await reader
    assert len(seen) + room.frames_dropped == 31
    assert room.frames_dropped > 0
    times = [frame.pts_start for frame in seen]
    assert times == sorted(times)
    assert times[-1] == 3.0
    assert {tuple(face.name for face in frame.vision.faces) for frame in seen} == {("Eileen Collins",)}


async def film(room: AsyncRoom, picture: bytes) -> None:
    """Five seconds of a picture."""
    for number in range(2, 52):
        await room.send_frame(picture, float(number))
        await asyncio.sleep(0.1)


@pytest.mark.thorough
async def test_a_server_that_is_killed_is_said_to_be_gone_and_its_frames_are_dropped(
    photos: Photos, tmp_path: Path
) -> None:
    picture = photos["astronaut"].path.read_bytes()
    with Triton(PROJECT / "model_repository", ["vision"], drain_s=0, log_file=tmp_path / "log") as triton:
        async with AsyncClient(triton.grpc, timeouts=Timeouts(picture=5)) as client, client.room("r") as room:
            await room.send_frame(picture, 0.0)
            await anext(room.events())
            await room.send_frame(picture, 1.0)
            family = psutil.Process(triton.pid).children(recursive=True)
            for process in [psutil.Process(triton.pid), *family]:
                process.send_signal(signal.SIGKILL)
            with pytest.raises(ServerUnavailable):
                await client.analyze_image(picture)
            await film(room, picture)  # of frames before nothing is raised: the room itself would move
            assert room.frames_dropped > 0
            await room.cancel()


def test_a_real_clip_on_the_command_line(
    vision_triton: Triton, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = [frame for _, frame in zip(range(12), pictures.frames(pictures.talking_head()), strict=False)]
    clip, drawn, edited = (tmp_path / name for name in ("clip.mp4", "drawn.mp4", "edited.mp4"))
    write_clip(clip, frames)
    url = ["--url", vision_triton.grpc]
    assert main(["vision", str(clip), "--json", "--out", str(drawn), *url]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(line["faces"]) for line in lines] == [1] * 12
    assert (
        main(["studio", str(clip), "--background", "blur", "--smooth", "0.6", "--out", str(edited), *url])
        == 0
    )
    heard = read_clip(clip)[1]
    for path, shape in ((drawn, (576, 704, 3)), (edited, (144, 176, 3))):
        images, sound = read_clip(path)
        assert [image.shape for _, image in images] == [shape] * 12
        assert np.array_equal(sound, heard)
