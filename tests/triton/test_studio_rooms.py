"""Rooms of `studio`: what they keep from frame to frame, when they end, and that none feels another."""

import itertools
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from liveroom import AsyncClient, Effects
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from evaluation.pictures import Photo, frames, read_image, smiling_head, talking_head
from server import Triton
from tests.triton.looking import jpeg, ppm, shrunk
from tests.triton.rooms import stub
from tests.triton.studios import Array, RawRoom, Value, differs, pixels

pytestmark = pytest.mark.thorough

Photos = dict[str, Photo]
ALL: dict[str, Value] = {
    "blur": 0.5,
    "replace": 0.5,
    "smooth": 0.6,
    "brighten": 0.3,
    "sticker": "cat",
    "format": "ppm",
}


@pytest.fixture(scope="module")
def client(vision_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(vision_triton.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def clip() -> list[bytes]:
    """A few frames of a man at a webcam's distance, small."""
    shown = itertools.islice(frames(smiling_head(), step=3), 6)
    return [ppm(shrunk(frame, 320)) for frame in shown]


def plain(color: tuple[int, int, int]) -> bytes:
    """A picture of one color."""
    return ppm(np.full((90, 160, 3), color, np.uint8))


def play(room: RawRoom, clip: list[bytes], settings: dict[str, Value], background: bytes) -> list[bytes]:
    """All frames of a room, from its start to its end."""
    last = len(clip) - 1
    return [
        room.frame(image, settings, start=n == 0, end=n == last, background=background if n == 0 else None)
        for n, image in enumerate(clip)
    ]


def test_a_room_keeps_its_background_and_end_forgets_it(
    client: InferenceServerClient, clip: list[bytes]
) -> None:
    one = RawRoom(client)
    settings: dict[str, Value] = {"replace": 1.0}
    first = pixels(one.frame(clip[0], settings, start=True, background=plain((0, 200, 0))))
    second = pixels(one.frame(clip[0], settings))
    third = pixels(one.frame(clip[0], settings, background=plain((0, 0, 200))))
    one.frame(clip[0], settings, end=True)
    assert first[2, 2].tolist() == second[2, 2].tolist() == [0, 200, 0]
    assert third[2, 2].tolist() == [0, 0, 200]
    with pytest.raises(InferenceServerException, match="no background yet"):
        one.frame(clip[0], settings, start=True)
    one.frame(clip[0], {}, end=True)


def test_a_room_that_never_started_or_has_ended(client: InferenceServerClient, clip: list[bytes]) -> None:
    never = RawRoom(client)
    with pytest.raises(InferenceServerException, match="START flag"):
        never.frame(clip[0], {"blur": 1})
    ended = RawRoom(client)
    ended.frame(clip[0], {"blur": 1}, start=True, end=True)
    with pytest.raises(InferenceServerException, match="START flag"):
        ended.frame(clip[0], {"blur": 1})


def test_whole_numbers_name_rooms_too(client: InferenceServerClient, clip: list[bytes]) -> None:
    numbered = RawRoom(client, uuid.uuid4().int >> 66)
    background = plain((10, 20, 30))
    assert play(numbered, clip[:2], ALL, background) == play(RawRoom(client), clip[:2], ALL, background)


def test_what_is_refused_leaves_the_room_as_it_was(client: InferenceServerClient, clip: list[bytes]) -> None:
    settings: dict[str, Value] = {"replace": 1, "anonymize": 1, "format": "ppm"}
    background = plain((200, 0, 0))
    undisturbed = play(RawRoom(client), clip[:3], settings, background)
    one = RawRoom(client)
    answers = [one.frame(clip[0], settings, start=True, background=background)]
    wrong: list[tuple[bytes, dict[str, Value], bytes | None]] = [
        (jpeg(pixels(clip[1]))[:900], settings, None),
        (b"nothing", settings, plain((0, 0, 0))),
        (clip[2], {"blur": 7}, plain((0, 0, 0))),
        (clip[2], settings, b"no picture"),
    ]
    for image, said, extra in wrong:
        with pytest.raises(InferenceServerException):
            one.frame(image, said, background=extra)
    answers += [one.frame(clip[1], settings), one.frame(clip[2], settings, end=True)]
    assert answers == undisturbed


def test_a_missed_face_stays_hidden_for_a_while(client: InferenceServerClient, photos: Photos) -> None:
    face = shrunk(read_image(photos["obama2"].path), 300)
    one = RawRoom(client)
    settings: dict[str, Value] = {"anonymize": 1, "format": "ppm"}
    first = pixels(one.frame(ppm(face), settings, start=True))
    hidden = np.abs(first.astype(int) - face).max(axis=2) > 0
    empty = np.random.default_rng(3).integers(0, 256, face.shape, dtype=np.uint8)
    later = pixels(one.frame(ppm(empty), settings))
    one.frame(ppm(empty), settings, end=True)
    covered = np.abs(later.astype(int) - empty).max(axis=2) > 0
    assert covered[hidden].mean() > 0.95, "nothing of the noise is left where the face was"
    assert covered[~hidden].mean() < 0.2


def test_a_rooms_size_may_change(client: InferenceServerClient, clip: list[bytes]) -> None:
    one = RawRoom(client)
    upright = ppm(np.ascontiguousarray(np.rot90(pixels(clip[0]))))
    shapes = [
        pixels(one.frame(clip[0], ALL, start=True, background=plain((9, 9, 9)))).shape,
        pixels(one.frame(upright, ALL)).shape,
        pixels(one.frame(clip[1], ALL, end=True)).shape,
    ]
    assert shapes == [pixels(each).shape for each in (clip[0], upright, clip[1])]


def test_many_rooms_at_once_each_with_its_own(client: InferenceServerClient, clip: list[bytes]) -> None:
    colors = [(5 * n, 255 - 5 * n, 100) for n in range(40)]
    rooms = [RawRoom(client) for _ in colors]
    with ThreadPoolExecutor(8) as pool:

        def turn(number: int) -> list[list[int]]:
            begin, settings = number == 0, {"replace": 1.0, "format": "ppm"}
            backgrounds = [plain(color) if begin else None for color in colors]
            answers = pool.map(
                lambda each: each[0].frame(
                    clip[number], settings, start=begin, end=number == 2, background=each[1]
                ),
                zip(rooms, backgrounds, strict=True),
            )
            return [pixels(answer)[1, 1].tolist() for answer in answers]

        for number in range(3):
            assert turn(number) == [list(color) for color in colors]


def test_a_rooms_frames_are_the_same_whoever_else_is_busy(
    client: InferenceServerClient, clip: list[bytes]
) -> None:
    background = plain((40, 90, 160))
    settings: dict[str, Value] = {**ALL, "anonymize": 0.6}
    alone = play(RawRoom(client), clip, settings, background)
    car = [ppm(frame) for frame in itertools.islice(frames(talking_head()), 6)]
    with ThreadPoolExecutor(6) as pool:
        others = [pool.submit(play, RawRoom(client), car, settings, plain((n, n, n))) for n in range(5)]
        crowded = play(RawRoom(client), clip, settings, background)
        for other in others:
            other.result()
    assert max(differs(one, other) for one, other in zip(alone, crowded, strict=True)) <= 1


@pytest.mark.parametrize(
    ("count", "height", "said"),
    [(2, 4, "must specify batch-size 1"), (1, 0, "frame has 4 x 0 pixels")],
)
def test_effects_without_the_steps_before(
    client: InferenceServerClient, count: int, height: int, said: str
) -> None:
    arrays: dict[str, Array] = {
        "image": np.full((count, 1), b"P6", np.object_),
        "frame": np.zeros((count, height, 4, 3), np.uint8),
        "size": np.tile(np.array([[4, height]], np.int32), (count, 1)),
        "mask": np.zeros((count, 256, 256), np.float32),
        "settings": np.full((count, 1), b"{}", np.object_),
    }
    inputs = [InferInput(name, list(a.shape), np_to_triton_dtype(a.dtype)) for name, a in arrays.items()]
    for each, array in zip(inputs, arrays.values(), strict=True):
        each.set_data_from_numpy(array)
    with pytest.raises(InferenceServerException, match=said) as refused:
        client.infer("effects", inputs, sequence_id=uuid.uuid4().hex, sequence_start=True, sequence_end=True)
    assert "INVALID_ARGUMENT" in str(refused.value.status())


async def test_a_room_of_the_client(
    vision_triton: Triton, client: InferenceServerClient, clip: list[bytes]
) -> None:
    background = plain((40, 90, 160))
    effects = Effects(blur=0.5, replace=0.5, smooth=0.6, brighten=0.3, sticker="cat", format="ppm")
    async with (
        AsyncClient(vision_triton.grpc) as caller,
        caller.studio_room("host", effects, background=background) as studio,
    ):
        answers = [await studio.edit_frame(image) for image in clip]
    assert answers == play(RawRoom(client), clip, ALL, background)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_room_goes_on_when_faces_dies_over_its_frame(
    vision_triton: Triton, client: InferenceServerClient, clip: list[bytes]
) -> None:
    settings: dict[str, Value] = {"smooth": 0.5, "format": "ppm"}
    room, waited_for = RawRoom(client), stub(vision_triton, "face_landmarks")
    before = room.frame(clip[0], settings, start=True)
    waited_for.suspend()
    with ThreadPoolExecutor(1) as callers:
        lost = callers.submit(room.frame, clip[0], settings)
        time.sleep(1)  # faces is at it by then
        stub(vision_triton, "faces").kill()
        waited_for.resume()
        with pytest.raises(InferenceServerException, match="faces: did not answer within") as error:
            lost.result()
    assert error.value.status() == "StatusCode.UNAVAILABLE"
    assert room.frame(clip[0], settings, end=True) == before, "faces was loaded again meanwhile"
