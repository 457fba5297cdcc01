"""Numpy on its way to a model: what fits is sent as it is, and what does not is said."""

import struct

import numpy as np
import pytest
from liveroom import InvalidInput, Timeouts
from liveroom._signature import TensorSpec

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
