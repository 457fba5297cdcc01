"""Pictures to edited ones, alone and as the frames of a room, against a scripted peer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import grpc
import numpy as np
import pytest
from liveroom import (
    AsyncStudioRoom,
    DeadlineExceeded,
    Effects,
    Gallery,
    InvalidInput,
    RoomClosed,
    Timeouts,
)
from liveroom import _picture as pictures

from tests.unit.picture_peer import PicturePeer, person, scene, sent


async def test_one_edited_picture_is_a_room_of_one_frame() -> None:
    peer = PicturePeer()
    gallery = Gallery()
    async with peer.client() as client:
        assert await client.edit_image(b"same", Effects()) == b"same"
        gallery.enroll("李雷", person(3))
        effects = Effects(replace=0.5, anonymize=1.0, sticker="crown", threshold=0.3)
        await client.edit_image(scene(1), effects, background=b"beach", enrolled=gallery)
    plain, full = peer.unary
    for request in peer.unary:
        assert request.parameters["sequence_start"].bool_param
        assert request.parameters["sequence_end"].bool_param
    ids = {request.parameters["sequence_id"].string_param for request in peer.unary}
    assert len(ids) == 2
    assert set(sent(plain)) == {"image", "settings"}
    assert sent(full)["background"] == b"\x05\0\0\0beach"
    assert np.array_equal(np.frombuffer(sent(full)["enrolled"], np.float32), person(3))
    assert [list(t.shape) for t in full.inputs if t.name == "enrolled"] == [[1, 1, 128]]
    assert json.loads(sent(full)["settings"][4:]) == {
        **{"blur": 0.0, "replace": 0.5, "smooth": 0.0, "brighten": 0.0, "sticker": "crown"},
        **{"sticker_strength": 1.0, "anonymize": 1.0, "threshold": 0.3, "format": "same", "quality": 90},
    }


async def test_the_frames_of_a_studio_room_are_one_sequence_in_order() -> None:
    peer = PicturePeer()
    effects = Effects(blur=1.0, replace=1.0, format="ppm")
    async with peer.client() as client:
        async with client.studio_room("房", effects, background=scene(9)) as room:
            frames = [scene(number) for number in range(5)]
            answers = await asyncio.gather(*(room.edit_frame(frame) for frame in frames))
        with pytest.raises(RoomClosed, match="is not open"):
            await room.edit_frame(scene(1))
        with pytest.raises(RoomClosed, match="opened before"):
            async with room:
                pass
    values = [int(pictures.pixels_of_ppm(answer)[0, 0, 0]) for answer in answers]
    assert values == [255, 254, 253, 252, 251]
    steps = [request.parameters for request in peer.unary]
    assert len({step["sequence_id"].string_param for step in steps}) == 1
    assert "房" not in steps[0]["sequence_id"].string_param, "nobody who knows the id can reach into the room"
    assert [step["sequence_start"].bool_param for step in steps] == [True] + [False] * 5
    assert [step["sequence_end"].bool_param for step in steps] == [False] * 5 + [True]
    assert ["background" in sent(request) for request in peer.unary] == [True] + [False] * 5
    assert {metadata["x-room-id"] for metadata in peer.metadata} == {"%E6%88%BF"}


async def test_a_studio_room_is_ended_after_an_error_too() -> None:
    async def fail(room: AsyncStudioRoom) -> None:
        async with room:
            await room.edit_frame(scene(1))
            raise KeyError

    peer = PicturePeer()
    async with peer.client() as client:
        with pytest.raises(KeyError):
            await fail(client.studio_room("broken", Effects()))
        assert peer.unary[-1].parameters["sequence_end"].bool_param
        async with client.studio_room("unused", Effects()):
            pass
    assert len(peer.unary) == 2


async def test_a_room_whose_first_frame_was_not_answered_is_ended_all_the_same() -> None:
    async def stuck(picture: bytes) -> None:
        await asyncio.sleep(60 if picture == b"slow" else 0)

    peer = PicturePeer(stuck)
    timeouts = Timeouts(picture=0.1)
    async with (
        peer.client(timeouts=timeouts) as client,
        client.studio_room("slow", Effects()) as room,
    ):
        with pytest.raises(DeadlineExceeded):
            await room.edit_frame(b"slow")
    assert [r.parameters["sequence_end"].bool_param for r in peer.unary] == [False, True]


async def test_a_bad_first_frame_leaves_the_beginning_to_the_next() -> None:
    peer = PicturePeer()
    peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, "[invalid_input] image is broken")]
    async with peer.client() as client, client.studio_room("r", Effects()) as room:
        with pytest.raises(InvalidInput, match="image is broken"):
            await room.edit_frame(b"bad")
        assert await room.edit_frame(b"good") == b"good"
    assert [r.parameters["sequence_start"].bool_param for r in peer.unary] == [True, True, False]


async def test_a_room_that_the_server_forgot_begins_again() -> None:
    peer = PicturePeer()
    async with (
        peer.client() as client,
        client.studio_room("r", Effects(replace=1.0), background=b"beach") as room,
    ):
        await room.edit_frame(b"1")
        sentence = "inference request for sequence r must specify the START flag on the first request"
        peer.failures = [(grpc.StatusCode.INVALID_ARGUMENT, sentence)]
        assert await room.edit_frame(b"2") == b"2"
    begun = [r.parameters["sequence_start"].bool_param for r in peer.unary]
    assert begun == [True, False, True, False]
    assert ["background" in sent(request) for request in peer.unary] == [True, False, True, False]


async def test_a_background_and_its_effect_go_together() -> None:
    async with PicturePeer().client() as client:
        with pytest.raises(InvalidInput, match="there is no background: expected both or neither"):
            await client.edit_image(b"x", Effects(replace=1.0))
        with pytest.raises(InvalidInput, match="there is a background"):
            client.studio_room("r", Effects(), background=b"beach")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Effects(smooth=1.5), "Effects.smooth is 1.5: expected a strength from 0 to 1"),
        (lambda: Effects(blur=float("nan")), "Effects.blur is nan"),
        (lambda: Effects(blur="x"), "Effects.blur is 'x': expected a strength"),  # type: ignore[arg-type]  # the point of it
        (lambda: Effects(threshold=0.0), "Effects.threshold is 0.0"),
        (lambda: Effects(format="gif"), "Effects.format is 'gif': expected one of same, jpeg"),  # type: ignore[arg-type]  # the point of it
        (lambda: Effects(quality=101), "Effects.quality is 101"),
    ],
)
def test_effects_are_checked_when_they_are_made(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make()
    assert says in str(caught.value)
