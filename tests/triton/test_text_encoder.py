"""`text_encoder`: what lines say as vectors, served."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from evaluation.chat_lines import LINES, TRANSLATIONS
from exporters.onnx_tools import Floats
from server import Triton


@pytest.fixture(scope="module")
def client(text_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(text_triton.grpc) as client:
        yield client


def tensor(lines: NDArray[np.object_]) -> InferInput:
    given = InferInput("text", list(lines.shape), "BYTES")
    given.set_data_from_numpy(lines)
    return given


def embed(client: InferenceServerClient, lines: list[str]) -> Floats:
    given = np.array([[line.encode()] for line in lines], np.object_)
    found: Floats = client.infer("text_encoder", [tensor(given)]).as_numpy("embedding")
    return found


def test_a_line_is_near_its_translation_and_far_from_others(client: InferenceServerClient) -> None:
    chinese, english = (embed(client, list(side)) for side in zip(*TRANSLATIONS, strict=True))
    near = chinese @ english.T
    assert (near.argmax(1) == np.arange(len(near))).all()
    assert np.diag(near).mean() > np.median(near) + 0.3


def test_lines_in_one_batch_get_what_each_gets_alone(client: InferenceServerClient) -> None:
    lines = [*LINES, "", " ", "好" * 1365, "a b " * 1000]
    alone = np.concatenate([embed(client, [line]) for line in lines])
    assert np.abs(embed(client, lines) - alone).max() < 1e-5
    assert np.abs(np.linalg.norm(alone, axis=1) - 1).max() < 1e-5


def test_callers_at_the_same_time_get_what_each_gets_alone(client: InferenceServerClient) -> None:
    alone = embed(client, list(LINES))
    with ThreadPoolExecutor(8) as callers:
        found = list(callers.map(lambda line: embed(client, [line])[0], LINES))
    assert np.abs(np.stack(found) - alone).max() < 1e-5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"\xff\xfe", r"text is not UTF-8: byte 1 is 0xff; send text in UTF-8"),
        (b"\xed\xa0\xbd", "text is not UTF-8: byte 1 is 0xed"),
        (b"x" * 4097, "text is 4097 bytes long; a line has at most 4096 in UTF-8"),
    ],
)
def test_what_is_no_line_is_refused_in_words(
    client: InferenceServerClient, line: bytes, message: str
) -> None:
    with pytest.raises(InferenceServerException, match=message) as refused:
        client.infer("text_encoder", [tensor(np.array([[line]], np.object_))])
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_the_line_that_is_wrong_is_named(client: InferenceServerClient) -> None:
    lines = np.array([[b"fine"], [b"\xc3("]], np.object_)
    with pytest.raises(InferenceServerException, match="text 2 of 2 is not UTF-8: byte 1 is 0xc3"):
        client.infer("text_encoder", [tensor(lines)])
