"""`vision` and requests: which outputs, what cannot be taken, many at once, cancelled ones, a dead model."""

import os
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from evaluation.pictures import Photo, read_image
from server import Triton
from tests.triton.looking import FACES, Seen, ask, differences, inputs, jpeg, ppm, see, shrunk
from tests.triton.rooms import stub

Photos = dict[str, Photo]

SAME = dict.fromkeys((*FACES, "size", "nsfw"), 1e-5) | {"boxes": 1e-3, "landmarks": 1e-3, "meshes": 1e-3}
"""How far outputs may be from a lone request's: the last bits of ONNX Runtime's sums depend on the batch."""


@pytest.fixture(scope="module")
def client(vision_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(vision_triton.grpc) as client:
        yield client


@pytest.fixture(scope="module")
def portrait(photos: Photos) -> bytes:
    return jpeg(shrunk(read_image(photos["obama"].path), 640))


@pytest.mark.parametrize(
    "outputs", [["size"], ["nsfw"], ["size", "nsfw"], ["boxes"], ["embeddings", "size"], ["meshes", "nsfw"]]
)
def test_any_outputs_can_be_asked_for(
    client: InferenceServerClient, portrait: bytes, outputs: Sequence[str]
) -> None:
    for detector in (None, "centerface"):
        assert set(ask(client, portrait, outputs, detector)) == set(outputs)


def test_networks_for_outputs_that_nobody_wants_rest(client: InferenceServerClient, portrait: bytes) -> None:
    networks = ("face_detector_blazeface", "face_landmarks", "face_embedder", "face_expression", "nsfw")

    def executions() -> dict[str, int]:
        stats = client.get_inference_statistics().model_stats
        return {model.name: int(model.execution_count) for model in stats if model.name in networks}

    for wanted, asked in (
        ("boxes,landmarks", {"face_detector_blazeface", "face_landmarks"}),
        ("nsfw", {"nsfw"}),
        ("embeddings", {"face_detector_blazeface", "face_landmarks", "face_embedder"}),
    ):
        before = executions()
        assert set(ask(client, portrait, wanted.split(","), wanted=wanted)) == set(wanted.split(","))
        assert {name for name, count in executions().items() if count > before[name]} == asked
    everything = ask(client, portrait, wanted="boxes")
    assert len(everything["boxes"]) == 1
    assert everything["embeddings"].shape == (0, 128)
    assert np.isnan(everything["nsfw"].astype(float)).all()
    for wanted in ("boxes ears", ""):
        with pytest.raises(InferenceServerException, match=f"wanted is '{wanted}'; it must be one") as error:
            ask(client, portrait, wanted=wanted)
        assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


def _bomb(side: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1_000_000), 9)
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


REFUSED = {
    "empty": (b"", "image is empty"),
    "no picture": (b"\x00\x01 no picture" * 99, "image is no JPEG, PNG, WebP, AVIF or PPM"),
    "bomb": (_bomb(50_000), "image has 50000 x 50000 pixels; at most 40000000"),
    "half a file": (
        jpeg(np.random.default_rng(0).integers(0, 255, (99, 99, 3)).astype(np.uint8))[:3000],
        "cut",
    ),
    "raw, too short": (b"P6 640 480 255\n" + bytes(99), "99 of the 921600 bytes"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_picture_is_refused(
    client: InferenceServerClient, portrait: bytes, data: bytes, message: str
) -> None:
    with pytest.raises(InferenceServerException, match=message) as error:
        ask(client, data)
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "Traceback" not in str(error.value)
    assert len(see(client, portrait)) == 1


def test_what_no_detector_and_no_single_picture_is(client: InferenceServerClient, portrait: bytes) -> None:
    with pytest.raises(
        InferenceServerException, match="detector is 'eyes'; it must be one of blaze"
    ) as error:
        ask(client, portrait, detector="eyes")
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    two = InferInput("image", [2, 1], "BYTES")
    two.set_data_from_numpy(np.array([[portrait], [portrait]], np.object_))
    with pytest.raises(InferenceServerException, match="batch-size must be <= 1") as error:
        client.infer("vision", [two], client_timeout=60)
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


@pytest.mark.thorough
def test_beside_others_as_alone(client: InferenceServerClient, photos: Photos) -> None:
    """Sizes from 176 to 1920 pixels, 0 to 5 faces, both detectors, and files that are refused among them."""
    sizes = {
        "multi_face": 1000,
        "sample5": 960,
        "obama": 640,
        "astronaut": 512,
        "coffee": 600,
        "sample1": 1920,
    }
    files = [jpeg(shrunk(read_image(photos[name].path), size)) for name, size in sizes.items()]
    calls = [(data, detector) for data in files for detector in (None, "blazeface", "centerface")]
    alone = [see(client, data, detector) for data, detector in calls]
    bad = [data for data, _ in REFUSED.values()]

    def call(number: int) -> Seen | str:
        if number % 5 == 4:
            try:
                return see(client, bad[number % len(bad)])
            except InferenceServerException as error:
                return str(error.status())
        return see(client, *calls[number % len(calls)])

    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(call, range(45)))
    for number, answer in enumerate(answers):
        if isinstance(answer, str):
            assert number % 5 == 4
            assert answer == "StatusCode.INVALID_ARGUMENT"
        else:
            found = differences(answer, alone[number % len(calls)])
            assert {name: off for name, off in found.items() if off > SAME[name]} == {}


def test_more_than_it_takes_is_refused_at_once(client: InferenceServerClient, portrait: bytes) -> None:
    def call(_: int) -> tuple[str, float]:
        began = time.monotonic()
        try:
            ask(client, portrait, ["boxes", "nsfw"])
        except InferenceServerException as error:
            return f"{error.status()} {error.message()}", time.monotonic() - began
        return "", time.monotonic() - began

    with ThreadPoolExecutor(150) as callers:
        answers = list(callers.map(call, range(150)))
    refused = [(message, seconds) for message, seconds in answers if message]
    served = [seconds for message, seconds in answers if not message]
    assert len(served) >= 32
    assert len(refused) >= 20
    for message, _ in refused:
        assert message.startswith("StatusCode.UNAVAILABLE")
        assert "frames are under way" in message or "maximum queue size" in message
    assert np.median([seconds for _, seconds in refused]) < np.median(served)
    assert len(ask(client, portrait, ["boxes"])["boxes"]) == 1


def test_cancelled_calls_disturb_nobody(client: InferenceServerClient, photos: Photos) -> None:
    data = ppm(shrunk(read_image(photos["multi_face"].path), 640))
    alone = see(client, data)

    def cancelled(number: int) -> None:
        call = client.async_infer("vision", inputs(data), lambda result, error: None, client_timeout=60)
        time.sleep(0.01 * (number % 10))  # before, in the middle of, and after its steps
        call.cancel()

    with ThreadPoolExecutor(8) as callers:
        nuisance = callers.map(cancelled, range(24))
        for seen in callers.map(lambda _: see(client, data), range(4)):
            assert max(differences(seen, alone).values()) < 1e-3
        list(nuisance)


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["face_embedder", "faces"])
def test_a_killed_model_is_loaded_again(
    client: InferenceServerClient, vision_triton: Triton, portrait: bytes, model: str
) -> None:
    assert _niceness(vision_triton, model) == {10}
    stub(vision_triton, model).kill()
    began, failures, seen = time.monotonic(), 0, None
    while seen is None:
        asked = time.monotonic()
        try:
            seen = see(client, portrait)
        except InferenceServerException:
            failures += 1
            assert time.monotonic() - asked < 5
        assert ask(client, portrait, ["size"])["size"].shape == (2,), "what needs no faces goes on"
        assert time.monotonic() - began < 30, f"{model} did not come back"
    assert failures > 0
    assert len(seen) == 1
    while _niceness(vision_triton, model) != {10}:
        assert time.monotonic() - began < 30, "the new process does not step back behind captions"
        time.sleep(0.1)


def _niceness(triton: Triton, model: str) -> set[int]:
    """Of every thread of the model's process."""
    return {os.getpriority(os.PRIO_PROCESS, thread.id) for thread in stub(triton, model).threads()}
