"""`studio` on real photos: every effect through the server, in every format, and what it refuses."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from effects.encoding import format_of
from evaluation.pictures import Photo, read_image
from server import Triton
from tests.triton.looking import ask, jpeg, ppm, see, shrunk
from tests.triton.studios import Value, edit, pixels

Photos = dict[str, Photo]
EVERYTHING: dict[str, Value] = {
    "blur": 0.7,
    "replace": 0.6,
    "smooth": 0.6,
    "brighten": 0.4,
    "sticker": "crown",
    "anonymize": 0.5,
}


@pytest.fixture(scope="module")
def client(vision_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(vision_triton.grpc) as client:
        yield client


def saved(picture: NDArray[np.uint8], kind: str, **options: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "settings",
    [
        "{}",
        '{"blur": 0, "replace": 0, "smooth": 0, "anonymize": 0}',
        '{"sticker": "cat", "sticker_strength": 0}',
    ],
)
def test_zero_strength_gives_the_bytes_back(
    client: InferenceServerClient, photos: Photos, settings: str
) -> None:
    small = shrunk(read_image(photos["obama"].path), 200)
    turned = Image.Exif()
    turned[0x0112] = 6
    for data in (
        photos["astronaut"].path.read_bytes(),
        jpeg(small, exif=turned.tobytes()),
        saved(small, "WEBP"),
        ppm(small),
    ):
        assert edit(client, data, settings) == data


@pytest.mark.parametrize("effect", ["blur", "replace", "smooth", "brighten", "sticker_strength", "anonymize"])
def test_more_strength_is_more_change(client: InferenceServerClient, photos: Photos, effect: str) -> None:
    frame = shrunk(read_image(photos["obama2"].path), 480)
    background = photos["coffee"].path.read_bytes()
    changes = []
    for strength in (0.0, 0.3, 0.6, 1.0):
        settings: dict[str, Value] = {effect: strength}
        if effect == "sticker_strength":
            settings["sticker"] = "glasses"
        back = edit(client, ppm(frame), settings, background=background)
        assert pixels(back).shape == frame.shape
        changes.append(float(np.abs(pixels(back).astype(float) - frame).mean()))
    assert changes[0] == 0
    assert np.all(np.diff(changes) > 0), changes


def test_the_picture_comes_back_upright_in_the_format_asked_for(
    client: InferenceServerClient, photos: Photos
) -> None:
    small = shrunk(read_image(photos["obama"].path), 240)
    turned = Image.Exif()
    turned[0x0112] = 6
    lying = jpeg(np.rot90(small).copy(), exif=turned.tobytes())
    height, width = small.shape[:2]
    assert pixels(lying).shape == small.shape
    for asked, given in (
        ("same", "jpeg"),
        ("png", "png"),
        ("webp", "webp"),
        ("ppm", "ppm"),
        ("jpeg", "jpeg"),
    ):
        for effects in ({"blur": 0.5}, {"smooth": 0.0}):
            back = edit(client, lying, {**effects, "format": asked})
            assert format_of(back) == given
            assert pixels(back).shape == (height, width, 3)
    png = edit(client, saved(small, "PNG"), {"blur": 0.5})
    assert format_of(png) == "png"
    sizes = [len(edit(client, lying, {"blur": 0.5, "quality": quality})) for quality in (30, 95)]
    assert sizes[0] < 0.6 * sizes[1]


def test_grey_and_transparent_pictures(client: InferenceServerClient, photos: Photos) -> None:
    frame = shrunk(read_image(photos["astronaut"].path), 300)
    seen_through = np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])
    plain = pixels(edit(client, ppm(frame), EVERYTHING, background=jpeg(frame)))
    back = edit(client, saved(seen_through, "PNG"), EVERYTHING, background=jpeg(frame))
    assert np.abs(pixels(back).astype(int) - plain).max() <= 1, "opaque: as without"
    gray = edit(client, saved(frame[..., 1], "JPEG"), {"smooth": 1, "blur": 1})
    assert pixels(gray).shape == frame.shape


def test_strangers_are_hidden_and_who_is_enrolled_is_not(
    client: InferenceServerClient, photos: Photos
) -> None:
    host = see(client, photos["obama2"].path.read_bytes())
    both = np.hstack([shrunk(read_image(photos[each].path), 480)[:300] for each in ("obama", "biden")])
    found = see(client, ppm(both)).by_place()
    assert len(found) == 2
    back = edit(client, ppm(both), {"anonymize": 1}, enrolled=host.embeddings)
    changed = np.abs(pixels(back).astype(int) - both).max(axis=2)
    (left, top, right, bottom), (x1, y1, x2, y2) = np.rint(found.boxes).astype(int)
    assert changed[top:bottom, left:right].max() == 0, "the host"
    assert changed[y1:y2, x1:x2].mean() > 10, "the stranger"
    after = see(client, back)
    assert len(after) == 1, "only one face is left"
    assert np.linalg.norm(after.embeddings[0] - found.embeddings[0]) < 0.05


@pytest.mark.parametrize("photo", ["sample4", "sample5", "multi_face", "einstein"])
def test_in_a_group_of_strangers_nobody_is_left(
    client: InferenceServerClient, photos: Photos, photo: str
) -> None:
    data = photos[photo].path.read_bytes()
    nobody = np.zeros((0, 128), np.float32)
    back = edit(client, data, {"anonymize": 1}, enrolled=nobody)
    for detector in ("blazeface", "centerface"):
        assert len(ask(client, back, ["boxes"], detector)["boxes"]) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('{"blur": 2}', "blur is 2; it must be a number from 0 to 1"),
        ("nonsense", "settings are not JSON"),
        ('{"stickers": "cat"}', 'settings have "stickers"; known are blur'),
        ('{"sticker": "dog"}', 'sticker is "dog"; it must be one of glasses, crown, cat, hearts'),
        ('{"replace": 0.5}', "replace is 0.5 but this room has no background yet"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    client: InferenceServerClient, photos: Photos, settings: str, said: str
) -> None:
    with pytest.raises(InferenceServerException) as refused:
        edit(client, photos["astronaut"].path.read_bytes(), settings)
    assert said in str(refused.value.message())
    assert "INVALID_ARGUMENT" in str(refused.value.status())


def test_inputs_that_cannot_be_are_refused(client: InferenceServerClient, photos: Photos) -> None:
    data = photos["astronaut"].path.read_bytes()
    wide = jpeg(np.zeros((40, 4000, 3), np.uint8))
    long_embedding = np.full((1, 128), 0.5, np.float32)
    odd_embedding, endless = np.zeros((2, 64), np.float32), np.full((1, 128), np.nan, np.float32)
    for image, extra, said in (
        (b"no picture", {}, "image is no JPEG, PNG, WebP, AVIF or PPM"),
        (data[: len(data) // 2], {}, "image is broken or cut off"),
        (wide, {}, "the picture has 4000 x 40 pixels; effects take up to 3840 on the longer side"),
        (data, {"background": b"no picture"}, "background cannot be taken: image_decoder: image is no JPEG"),
        (data, {"enrolled": odd_embedding}, "enrolled"),
        (data, {"enrolled": long_embedding}, "enrolled has an embedding of length 5.657 (number 0)"),
        (data, {"enrolled": endless}, "enrolled has an embedding of length nan"),
    ):
        with pytest.raises(InferenceServerException) as refused:
            edit(client, image, {"blur": 1, "anonymize": 1}, **extra)
        assert said in str(refused.value.message())
        assert "INVALID_ARGUMENT" in str(refused.value.status())


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (300, 3)])
def test_tiny_and_thin_pictures(client: InferenceServerClient, size: tuple[int, int]) -> None:
    frame = np.full((*size, 3), 90, np.uint8)
    back = edit(client, ppm(frame), EVERYTHING, background=ppm(frame))
    assert pixels(back).shape == frame.shape
