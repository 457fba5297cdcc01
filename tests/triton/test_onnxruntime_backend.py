"""The portable backend behind the real server: what a client gets from it."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput, InferResult
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from server import ServerError, Triton
from tests import models

Array = npt.NDArray[np.generic]


@pytest.fixture(scope="module")
def client(small_triton: Triton) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(small_triton.grpc) as client:
        yield client


def request(**arrays: Array) -> list[InferInput]:
    inputs = []
    for name, array in arrays.items():
        inputs.append(InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
        inputs[-1].set_data_from_numpy(array)
    return inputs


def answer(client: InferenceServerClient, model: str, **arrays: Array) -> Array:
    result: InferResult = client.infer(model, request(**arrays), client_timeout=20)
    array: Array | None = result.as_numpy("y")
    assert array is not None
    return array


def in_sequence(
    client: InferenceServerClient,
    model: str,
    sequence: int,
    x: float,
    *,
    start: bool = False,
    end: bool = False,
    which: int = 0,
) -> float:
    """Sends x to a counter; returns 1000 x requests so far + their sum."""
    result = client.infer(
        model,
        request(x=np.full((1, 2), x, np.float32), which=np.full((1, 2), which, np.int64)),
        sequence_id=sequence,
        sequence_start=start,
        sequence_end=end,
        client_timeout=20,
    )
    array = result.as_numpy("y")
    assert array is not None
    return float(array[0, 0])


def test_identity_keeps_every_bit(client: InferenceServerClient) -> None:
    x = np.random.default_rng(1).standard_normal((3, models.VECTOR)).astype(np.float32)
    x[0, :3] = np.nan, np.inf, -0.0
    assert answer(client, "identity", x=x).tobytes() == x.tobytes()


def test_text_in_any_language_and_length(client: InferenceServerClient) -> None:
    x = np.array([["你好", "", "a\0b", "🎤" * 50]], np.object_)
    expected = [(text + text).encode() for text in x[0]]
    assert answer(client, "twice", x=x)[0].tolist() == expected


def test_text_that_is_not_utf8_is_refused(client: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="input 'x' is not UTF-8") as error:
        answer(client, "twice", x=np.array([[b"\xff\xfe"]], np.object_))
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_optional_input_has_the_graphs_default(client: InferenceServerClient) -> None:
    x = np.array([[1, 2]], np.float32)
    assert answer(client, "shifted", x=x).tolist() == [[6, 7]]
    assert answer(client, "shifted", x=x, by=np.array([[-1]], np.float32)).tolist() == [[0, 1]]


def test_an_optional_input_does_not_stand_for_one_that_is_required(client: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="input 'x' is missing") as error:
        answer(client, "shifted", by=np.array([[-1]], np.float32))
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_with_and_without_the_optional_input_in_one_batch(client: InferenceServerClient) -> None:
    def call(number: int) -> bool:
        x = np.full((1, 2), number, np.float32)
        by = {"by": np.full((1, 1), -number, np.float32)} if number % 2 else {}
        return bool((answer(client, "shifted", x=x, **by) == (0 if by else number + 5)).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(80)))


def test_batched_equals_solo_for_16_callers(client: InferenceServerClient) -> None:
    rng = np.random.default_rng(2)
    inputs = [rng.integers(-9, 10, (rows, models.VECTOR)).astype(np.float32) for rows in [1, 2, 3, 5] * 40]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda x: answer(client, "affine", x=x), inputs))
    for x, y in zip(inputs, answers, strict=True):
        assert np.array_equal(y, x @ models.weights())
    statistics = client.get_inference_statistics("affine").model_stats[0]
    assert statistics.execution_count < statistics.inference_count / 2, "nothing was batched"


def test_a_failing_request_fails_alone(client: InferenceServerClient) -> None:
    def call(number: int) -> str:
        x = 99 if number % 5 == 0 else number % 3
        try:
            return str(answer(client, "picky", x=np.array([[x]]))[0, 0])
        except InferenceServerException as error:
            return str(error.message())

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(160)))
    for number, text in enumerate(answers):
        if number % 5 == 0:
            assert "idx=99" in text
        else:
            assert text == str((10, 20, 30)[number % 3])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((1, models.VECTOR), np.float64)}, "data-type"),
        ({"x": np.zeros((1, 7), np.float32)}, "shape"),
        ({"x": np.zeros((models.VECTOR,), np.float32)}, "shape"),
        ({"z": np.zeros((1, models.VECTOR), np.float32)}, "'x'|'z'"),
        ({"x": np.zeros((17, models.VECTOR), np.float32)}, "batch"),
    ],
    ids=["dtype", "shape", "rank", "name", "too many rows"],
)
def test_malformed_requests_are_refused(
    client: InferenceServerClient, arrays: dict[str, Array], message: str
) -> None:
    with pytest.raises(InferenceServerException, match=message) as error:
        client.infer("identity", request(**arrays), client_timeout=20)
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        ("stepped", (1, 0), r"has shape \[1, 0\]; it must be \[1 to 16, a multiple of 4 from 4 to 32\]"),
        ("stepped", (2, 6), r"has shape \[2, 6\]; it must be \[1 to 16, a multiple of 4 from 4 to 32\]"),
        ("stepped", (1, 36), r"has shape \[1, 36\]; it must be \[1 to 16, a multiple of 4 from 4 to 32\]"),
        ("stepped", (0, 0), r"has shape \[0\]; it must be \[1 to 16, a multiple of 4 from 4 to 32\]"),
        ("stepped", (500, 0), r"batch-size must be <= 16"),
        ("stepped", (0, 4), "byte size mismatch"),
        ("twice", (0, 0), r"has shape \[0\]; it must be \[1 to 16, 0 to 2147483647\]"),
        ("twice", (0, 3), r"expected 3 (string )?elements"),
    ],
)
def test_shapes_that_a_graph_does_not_take_are_refused_in_words(
    client: InferenceServerClient, model: str, shape: tuple[int, ...], message: str
) -> None:
    """Also a batch of none, which is an empty tensor to a model; Triton alone never answers it."""
    x = np.zeros(shape, np.object_ if model == "twice" else np.float32)
    with pytest.raises(InferenceServerException, match=message) as error:
        answer(client, model, x=x)
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"


@pytest.mark.parametrize("shape", [(1, 32), (2, 32), (3, 32), (16, 32), (15, 4), (16, 8)])
def test_a_batch_that_is_too_large_for_one_pass_comes_back_whole(
    client: InferenceServerClient, shape: tuple[int, int]
) -> None:
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    assert np.array_equal(answer(client, "stepped", x=x), x)


def test_a_shape_that_is_refused_does_not_hurt_those_it_waits_with(client: InferenceServerClient) -> None:
    def call(number: int) -> str:
        x = np.zeros((number % 3, 4 + number % 2), np.float32)
        try:
            return str(answer(client, "stepped", x=x).shape)
        except InferenceServerException as error:
            return str(error.status())

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(240)))
    for number, outcome in enumerate(answers):
        good = number % 3 > 0 and number % 2 == 0
        assert outcome == (f"({number % 3}, 4)" if good else "StatusCode.INVALID_ARGUMENT")


@pytest.mark.parametrize("model", ["counter", "unbatched_counter"])
def test_interleaved_sequences_keep_their_own_state(client: InferenceServerClient, model: str) -> None:
    def sequence(number: int) -> list[float]:
        def send(step: int) -> float:
            return in_sequence(client, model, 100 + number, number * step, start=step == 1, end=step == 6)

        return [send(step) for step in range(1, 7)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(sequence, range(16)))
    for number, totals in enumerate(answers):
        assert totals == [1000 * step + number * step * (step + 1) / 2 for step in range(1, 7)]


def test_start_begins_afresh_even_without_an_end(client: InferenceServerClient) -> None:
    assert in_sequence(client, "counter", 1, 5, start=True) == 1005
    assert in_sequence(client, "counter", 1, 5) == 2010
    assert in_sequence(client, "counter", 1, 1, start=True) == 1001
    assert in_sequence(client, "counter", 1, 1, end=True) == 2002
    with pytest.raises(InferenceServerException, match="START"):
        in_sequence(client, "counter", 1, 1)


def test_a_failed_request_does_not_advance_the_state(client: InferenceServerClient) -> None:
    assert in_sequence(client, "counter", 2, 5, start=True) == 1005
    with pytest.raises(InferenceServerException, match="idx=7"):
        in_sequence(client, "counter", 2, 100, which=7)
    assert in_sequence(client, "counter", 2, 5, end=True) == 2010


def test_an_abandoned_sequence_is_forgotten(client: InferenceServerClient) -> None:
    assert in_sequence(client, "counter", 3, 5, start=True) == 1005
    time.sleep(2.5)  # its max_sequence_idle_microseconds is 1.5 s
    with pytest.raises(InferenceServerException, match="START"):
        in_sequence(client, "counter", 3, 5)
    assert in_sequence(client, "counter", 3, 2, start=True, end=True) == 1002


def test_an_ensemble_runs_over_it(client: InferenceServerClient) -> None:
    x = np.eye(models.VECTOR, dtype=np.float32)
    assert np.array_equal(answer(client, "pipeline", x=x), models.weights())


def test_a_configuration_may_leave_everything_out(tmp_path: Path) -> None:
    models.identity(tmp_path, config='backend: "onnxruntime"')
    with Triton(tmp_path, drain_s=0) as triton, InferenceServerClient(triton.grpc) as client:
        config = client.get_model_config("identity").config
        assert config.max_batch_size == 4
        assert [(t.name, t.data_type, list(t.dims)) for t in config.input] == [("x", 11, [models.VECTOR])]
        x = np.ones((2, models.VECTOR), np.float32)
        assert np.array_equal(answer(client, "identity", x=x), x)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("input", "x", "FP64", 16), ("output", "y", "FP32", 16)], "input 'x' is TYPE_FP64.*TYPE_FP32"),
        ([("input", "x", "FP32", 8), ("output", "y", "FP32", 16)], r"\[-1, 8\].*\[-1, 16\]"),
        ([("input", "x", "FP32", 16), ("output", "z", "FP32", 16)], "output 'z'.*only 'y'"),
    ],
    ids=["dtype", "dims", "name"],
)
def test_a_configuration_that_does_not_fit_is_explained(
    tmp_path: Path, entries: list[tuple[str, str, str, int]], message: str
) -> None:
    models.identity(tmp_path, config=models.BATCHED + "".join(models.tensor(*entry) for entry in entries))
    with pytest.raises(ServerError, match=message):
        Triton(tmp_path, log_file=tmp_path / "triton.log").start()


def test_every_stub_can_see_who_is_at_work(small_triton: Triton) -> None:
    cores = len(os.sched_getaffinity(0))
    files = {Path(stub.environ()["LIVEROOM_CORES"]) for stub in psutil.Process(small_triton.pid).children()}
    assert [file.stat().st_size for file in files] == [cores]
