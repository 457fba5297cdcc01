"""What the client logs: what became of calls and rooms, and nothing that anybody says or shows."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
from liveroom import InvalidInput, Limits, Retries, Timeouts
from liveroom._auth import Bearer
from liveroom._logging import hashed

from tests.unit.caption_peer import RATE, CaptionPeer, speech
from tests.unit.peer import Peer, Request, Send, acknowledgement, event, failure
from tests.unit.picture_peer import PicturePeer, scene
from tests.unit.test_client_replay import once, played

SECRET = "nobody may read this"  # noqa: S105 - it is said, not a password


async def test_a_room_that_moves_is_told_by_a_name_that_does_not_tell_its_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "liveroom")
    script = CaptionPeer(once("before final", 8))
    async with played(script) as (room, _):
        assert room.reconnects == 1
    lost = [record for record in caplog.records if "its stream ended" in record.message]
    assert [record.levelname for record in lost] == ["WARNING"]
    assert "(server_unavailable)" in lost[0].message
    assert "another server has taken it" in caplog.text
    assert f"room {hashed(room.id)}:" in caplog.text


async def test_a_server_that_falls_silent_and_audio_that_is_lost_are_warnings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = CaptionPeer(once("before final", 20, "hang"))
    async with played(script, limits=Limits(unacknowledged=2, replay_seconds=0.6)) as (room, _):
        assert room.replay_lost_s > 0
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert any("has said nothing for" in message for message in warnings)
    assert any("s of audio are lost" in message for message in warnings)


async def test_frames_that_are_dropped_and_calls_that_are_tried_again_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "liveroom")
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.UNAVAILABLE, "[overloaded] 32 frames are under way")] * 2
    async with peer.client(retries=Retries(2, backoff=0.001)) as client:
        async with client.room("video") as room:
            await room.send_frame(scene(1), 0.0)
            await room.end()
        assert room.frames_dropped == 1
        await client.analyze_image(scene(1))
    assert "a frame was dropped: overloaded" in caplog.text
    assert "a call of model vision failed (UNAVAILABLE): trying again" in caplog.text


def test_a_token_file_that_cannot_be_read_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text("aaa.bbb.ccc")
    bearer = Bearer(file)
    given: list[str] = []
    file.unlink()
    for _ in range(3):
        bearer(None, lambda headers, error: given.append(headers[0][1]))
    file.write_text(f"{SECRET} in it")
    bearer(None, lambda headers, error: given.append(headers[0][1]))
    assert given == ["Bearer aaa.bbb.ccc"] * 4
    assert caplog.text.count("no token can be read from") == 1
    assert caplog.text.count("the token from before is used") == 1
    assert SECRET not in caplog.text


async def test_nothing_that_is_said_or_shown_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At any level, also where an error repeats it."""
    caplog.set_level(logging.DEBUG)

    async def indiscreet(request: Request, send: Send) -> None:
        second = float(request.id)
        await send(event(request.id, "partial", SECRET, second - 1, second))
        await send(event(request.id, "final", SECRET, second - 1, second))
        await send(failure(request.id, "invalid_input", f"hypothesis is {SECRET!r}", last=False))
        await send(failure(request.id, "lost_speech", SECRET, last=False))
        await send(acknowledgement(request.id))

    peer = Peer(indiscreet)
    peer.failures = [(grpc.StatusCode.UNAVAILABLE, SECRET)] * 3
    async with peer.client(timeouts=Timeouts(reconnect=0.2), retries=Retries(2, backoff=0.001)) as client:
        with pytest.raises(Exception, match=SECRET):
            await client.transcribe(np.zeros(RATE, np.int16), RATE)

        async def talk() -> None:
            async with asyncio.timeout(10), client.room(SECRET) as room:
                for _ in range(30):
                    await room.send_audio(speech(range(1, 2), 0), RATE)

        with pytest.raises(Exception, match=SECRET):
            await talk()
        with pytest.raises(InvalidInput):
            client.room(SECRET * 10)
    logged = json.dumps(
        [[str(record.msg), repr(record.args), record.getMessage()] for record in caplog.records]
    )
    assert caplog.records
    assert SECRET not in logged
    assert SECRET not in caplog.text


def test_without_any_logging_nothing_is_printed() -> None:
    warn = "import logging, liveroom; logging.getLogger('liveroom._session').warning('lost')"
    done = subprocess.run([sys.executable, "-c", warn], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
