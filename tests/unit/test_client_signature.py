"""Numpy on its way to a model: what fits is sent as it is, and what does not is said."""

import struct

import numpy as np
import pytest
from liveroom import InferenceFailed, InvalidInput, Timeouts
from liveroom._signature import TensorSpec, decode
from liveroom._status import from_mark, tidy
from tritonclient.grpc import service_pb2

HALF = TensorSpec("half", "FP16", (-1,))
FLOAT = TensorSpec("float", "FP32", (-1,))
TEXT = TensorSpec("text", "BYTES", (1,))


@pytest.mark.parametrize("value", [[70_000.0], [100_000], np.array([1e300])])
def test_a_number_beyond_the_type_is_no_infinity(value: object) -> None:
    with pytest.raises(InvalidInput, match="numbers within it"):
        HALF.encode(value)  # type: ignore[arg-type]


def test_infinity_and_nan_are_sent_as_they_are() -> None:
    sent = FLOAT.encode(np.array([np.inf, -np.inf, np.nan, 0.1]))
    assert np.array_equal(
        np.frombuffer(sent.data, "<f4"), np.array([np.inf, -np.inf, np.nan, 0.1], np.float32), equal_nan=True
    )


def test_a_masked_array_is_refused() -> None:
    with pytest.raises(InvalidInput, match="masked array: fill what is masked"):
        FLOAT.encode(np.ma.masked_array([1.0, 2.0], [False, True]))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("spec", [FLOAT, TEXT])
def test_what_is_no_array_is_refused(spec: TensorSpec) -> None:
    with pytest.raises(InvalidInput, match=f"input '{spec.name}'"):
        spec.encode([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("value", [b"a\0", bytearray(b"a\0"), memoryview(b"a\0"), [b"a\0"]])
def test_bytes_of_any_kind_are_whole(value: object) -> None:
    assert TEXT.encode(value).data == struct.pack("<I", 2) + b"a\0"  # type: ignore[arg-type]


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no Unicode"):
        TEXT.encode("\ud800")


@pytest.mark.parametrize("value", [0, -1, float("nan"), "3", None])
def test_a_timeout_is_a_number_above_zero(value: object) -> None:
    with pytest.raises(InvalidInput, match="expected seconds, more than 0"):
        Timeouts(infer=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("datatype", "shape", "raw"),
    [
        ("FP32", [2], b"1234"),
        ("FP32", [-1], b"1234"),
        ("FP32", [1], b"123"),
        ("FP32", [1] * 70, b"1234"),
        ("BYTES", [3], b"\1\0\0\0a"),
        ("BYTES", [1], b"\xff\0\0\0abc"),
        ("BYTES", [1], b"\1\0"),
        ("BYTES", [2**40], b""),
        ("BYTES", [2**62, 2**62], b""),
        ("BYTES", [-3], b""),
    ],
)
def test_an_answer_that_is_not_what_its_shape_says_is_an_error(
    datatype: str, shape: list[int], raw: bytes
) -> None:
    response = service_pb2.ModelInferResponse(model_name="m", raw_output_contents=[raw])
    response.outputs.add(name="y", datatype=datatype, shape=shape)
    with pytest.raises(InferenceFailed, match="outputs of model 'm' are not what their shapes say"):
        decode(response)


def test_only_a_mark_that_begins_a_message_counts() -> None:
    assert from_mark("in ensemble 'asr', in ensemble 'x', [overloaded] later") is not None
    assert from_mark("request for unknown model: '[overloaded] x' is not found") is None


def test_a_long_message_costs_no_time_and_is_cut() -> None:
    assert len(tidy("x" * 10**6)) == 4000
    assert tidy("\n" * 10**6 + "said") == "no detail given"
