"""Pictures to faces, against a scripted peer."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args

import grpc
import numpy as np
import pytest
from liveroom import (
    Client,
    DeadlineExceeded,
    Effects,
    Gallery,
    InferenceFailed,
    InvalidInput,
    ModelUnavailable,
    Overloaded,
    Retries,
    ServerUnavailable,
    Timeouts,
    _effects,
    _faces,
    _gallery,
    _gallery_file,
)
from liveroom import _picture as pictures

from effects import settings
from exporters.face_embedding import recognition
from exporters.face_expression.network import LABELS
from exporters.triton_config import config_path, load_config
from faces import detection
from tests.unit.peer import Request
from tests.unit.picture_peer import Answer, PicturePeer, person, scene, sent

BUSY = (grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size")


async def test_a_picture_comes_back_as_faces() -> None:
    peer = PicturePeer()
    async with peer.client() as client:
        seen = await client.analyze_image(scene(2))
    assert (seen.width, seen.height, seen.nsfw) == (64, 48, 0.125)
    first, second = seen.faces
    assert (first.box, second.box) == ((0, 5, 8, 15), (10, 5, 18, 15))
    assert (first.score, second.score) == pytest.approx((0.9, 0.5))
    assert first.landmarks == ((7.0, 7.0),) * 5
    assert first.expression["happy"] == 1.0
    assert first.top_expression == "happy"
    assert np.array_equal(second.embedding, person(1))
    assert (first.mesh, first.name) == (None, None)
    assert first != second


async def test_only_what_is_needed_is_asked_for() -> None:
    peer = PicturePeer()
    async with peer.client() as client:
        await client.analyze_image(scene(1))
        seen = await client.analyze_image(scene(1), detector="centerface", meshes=True)
    plain, full = peer.unary
    names = ["size", "boxes", "scores", "landmarks", "embeddings", "expressions", "nsfw"]
    assert [output.name for output in plain.outputs] == names
    assert [output.name for output in full.outputs] == [*names, "meshes"]
    assert set(sent(plain)) == {"image"}
    assert sent(full)["detector"] == b"\x0a\0\0\0centerface"
    assert [list(tensor.shape) for tensor in plain.inputs] == [[1, 1]]
    assert seen.faces[0].mesh is not None
    assert seen.faces[0].mesh.shape == (468, 3)


async def test_no_face_is_an_answer() -> None:
    async with PicturePeer().client() as client:
        assert (await client.analyze_image(scene(0))).faces == ()


async def test_arrays_go_as_ppm_and_files_and_bytes_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8 whatever")
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    peer = PicturePeer()
    async with peer.client() as client:
        await client.analyze_image(pixels[::-1])
        await client.analyze_image(path)
        await client.analyze_image(b"RIFF")
    raw = [sent(request)["image"][4:] for request in peer.unary]
    assert raw == [b"P6 7 5 255\n" + pixels[::-1].tobytes(), b"\xff\xd8 whatever", b"RIFF"]


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((4, 4), np.uint8), r"uint8 \[4, 4\]: expected uint8 RGB \[height, width, 3\]"),
        (np.zeros((4, 4, 4), np.uint8), r"\[4, 4, 4\]"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.zeros((4, 4, 3), np.float32), r"float32 \[4, 4, 3\]"),
        (b"", "the picture is empty"),
        ("absent.jpg", "absent.jpg is not a file"),
        (".", "is not a file"),
        (None, "a picture is a NoneType"),
    ],
)
async def test_what_is_no_picture_is_refused_before_it_is_sent(picture: pictures.Picture, says: str) -> None:
    peer = PicturePeer()
    async with peer.client() as client:
        with pytest.raises(InvalidInput, match=says):
            await client.analyze_image(picture)
        with pytest.raises(InvalidInput, match="detector is 'yolo': expected one of blazeface, centerface"):
            await client.analyze_image(scene(1), detector="yolo")
    assert peer.unary == []


async def test_pictures_have_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 1 << 20)
    path = tmp_path / "endless.jpg"
    path.write_bytes(bytes((1 << 20) + 1))
    async with PicturePeer().client() as client:
        for picture in (path, path.read_bytes(), np.zeros((1000, 1000, 3), np.uint8)):
            with pytest.raises(InvalidInput, match="has more than 1 MiB: make it smaller"):
                await client.analyze_image(picture)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ((grpc.StatusCode.INVALID_ARGUMENT, "in ensemble 'vision', image is cut off"), InvalidInput),
        ((grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'vision' is not found"), ModelUnavailable),
        ((grpc.StatusCode.INTERNAL, "in ensemble 'vision', [inference_failed] boom"), InferenceFailed),
        ((grpc.StatusCode.INTERNAL, "Stub process 'faces_0_0' is not healthy."), ModelUnavailable),
        ((grpc.StatusCode.UNAVAILABLE, "Exceeds maximum queue size"), Overloaded),
        ((grpc.StatusCode.UNAVAILABLE, "Socket closed"), ServerUnavailable),
    ],
)
async def test_errors_are_typed(failure: tuple[grpc.StatusCode, str], kind: type[Exception]) -> None:
    peer = PicturePeer()
    peer.failures = [failure] * 3
    peer.stopping = kind is ServerUnavailable
    async with peer.client(retries=Retries(attempts=1)) as client:
        with pytest.raises(kind):
            await client.analyze_image(scene(1))


async def test_a_busy_server_is_asked_again_and_a_stuck_one_is_given_up() -> None:
    async def stuck(picture: bytes) -> None:
        await asyncio.sleep(60)

    peer = PicturePeer()
    peer.failures = [BUSY, BUSY]
    async with peer.client(retries=Retries(attempts=3, backoff=0.01)) as client:
        assert len((await client.analyze_image(scene(1))).faces) == 1
    async with PicturePeer(stuck).client(timeouts=Timeouts(picture=0.1)) as client:
        with pytest.raises(DeadlineExceeded):
            await client.analyze_image(scene(1))


def without_scores(response: Answer) -> None:
    del response.outputs[2], response.raw_output_contents[2]


def with_five_points(response: Answer) -> None:
    response.outputs[1].shape[2] = 5


def cut(response: Answer) -> None:
    response.raw_output_contents[1] = response.raw_output_contents[1][:-4]


@pytest.mark.parametrize("spoil", [without_scores, with_five_points, cut])
async def test_answers_of_another_version_are_said_to_be(spoil: Callable[[Answer], None]) -> None:
    class Other(PicturePeer):
        async def ModelInfer(self, request: Request, context: grpc.aio.ServicerContext) -> Answer:  # noqa: N802
            response = await super().ModelInfer(request, context)
            spoil(response)
            return response

    async with Other().client() as client:
        with pytest.raises(InferenceFailed, match="client and server versions differ"):
            await client.analyze_image(scene(2))


async def test_the_synchronous_twin_does_the_same() -> None:
    def use(url: str) -> tuple[int, tuple[str, ...], bytes, bytes]:
        gallery = Gallery()
        with Client(url) as client:
            client.enroll(gallery, "韩梅梅", scene(1))
            with client.studio_room("r", Effects()) as room:
                frame = room.edit_frame(b"frame")
            assert client.health().ok
            return (
                len(client.analyze_image(scene(3)).faces),
                gallery.names,
                client.edit_image(b"x", Effects()),
                frame,
            )

    async with PicturePeer().listening() as url:
        assert await asyncio.to_thread(use, url) == (3, ("韩梅梅",), b"x", b"frame")


async def test_health_asks_for_pictures_too() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INTERNAL, "[inference_failed] boom")]
    async with peer.client() as client:
        health = await client.health()
    assert sorted(model.name for model in health.models) == ["studio", "vision"]
    assert [model.ok for model in health.models].count(False) == 1
    peer.states |= {"asr": "", "captions": ""}  # in the repository, and never asked for
    async with peer.client() as client:
        assert (await client.health()).ok


@pytest.mark.parametrize(
    ("people", "nsfw", "what"),
    [(0, 0.1, "0 faces in a portrait, expected 1"), (2, 0.1, "2 faces"), (1, math.nan, "not finite")],
)
async def test_a_model_that_answers_nonsense_is_not_healthy(people: int, nsfw: float, what: str) -> None:
    peer = PicturePeer()
    peer.people_in_files, peer.nsfw = people, nsfw
    async with peer.client() as client:
        health = {model.name: model for model in (await client.health()).models}
    assert health["studio"].ok
    assert "answers nonsense" in str(health["vision"].error)
    assert what in str(health["vision"].error)


async def test_enrolling_takes_photos_of_one_person_alone() -> None:
    gallery = Gallery()
    async with PicturePeer().client() as client:
        with pytest.raises(InvalidInput, match="photo 2 of 'Li Lei': the picture shows 3 faces"):
            await client.enroll(gallery, "Li Lei", scene(1), scene(3))
        with pytest.raises(InvalidInput, match="photo 1 of 'Li Lei': the picture shows 0 faces"):
            await client.enroll(gallery, "Li Lei", scene(0))
        assert gallery.names == ()
        await client.enroll(gallery, "Li Lei", scene(1), scene(1))
        await client.enroll(gallery, "Li Lei", scene(1), more=True)
    assert gallery.photos("Li Lei") == 3


def test_what_the_client_knows_of_the_models_is_what_they_say() -> None:
    assert _faces.EXPRESSIONS == LABELS
    assert set(_faces.DETECTORS) == set(detection.DETECTORS)
    assert _gallery.THRESHOLD == recognition.THRESHOLD
    config = load_config(config_path(Path(__file__).parents[2] / "model_repository", "vision"))
    outputs = {tensor.name: list(tensor.dims) for tensor in config.output}
    assert set(outputs) == {*_faces._OUTPUTS, "meshes"}
    assert outputs["embeddings"] == [-1, _gallery_file.EMBEDDING_SIZE]


def test_effects_are_the_settings_that_the_server_knows() -> None:
    assert settings.parse(Effects().settings()) == settings.Settings()
    everything = Effects(0.1, 0.2, 0.3, 0.4, "cat", 0.5, 0.6, 0.7, "webp", 80)
    assert set(json.loads(everything.settings())) == {field.name for field in fields(settings.Settings)}
    assert settings.parse(everything.settings()) == settings.Settings(
        0.1, 0.2, 0.3, 0.4, "cat", 0.5, 0.6, 0.7, "webp", 80
    )
    assert get_args(_effects.Format) == settings.FORMATS
