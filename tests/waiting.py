"""Waiting in tests: bounded, and looked at often."""

import time
from collections.abc import Callable

_LOOK_S = 0.05


def until(condition: Callable[[], object], timeout_s: float) -> bool:
    """Whether `condition` holds within `timeout_s`; returns as soon as it does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def seconds_until(condition: Callable[[], object], timeout_s: float) -> float:
    """How long it took until `condition` held; the test fails where that is more than `timeout_s`."""
    began = time.monotonic()
    assert until(condition, timeout_s), f"not within {timeout_s} s"
    return time.monotonic() - began
