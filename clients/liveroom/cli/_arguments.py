"""Values of options; argparse names the function where a value is wrong."""

from __future__ import annotations

import argparse
import codecs
from collections.abc import Callable

from .._config import MAX_CHUNK_S


def pace(text: str) -> float:
    """`text` as a pace."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def between(least: float, most: float) -> Callable[[str], float]:
    """Reads a number from `least` to `most`."""

    def number(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not {least:g} to {most:g}")
        return value

    return number


def milliseconds(text: str) -> int:
    """`text` as the length of a chunk."""
    value = int(text)
    if not 20 <= value <= MAX_CHUNK_S * 1000:
        raise argparse.ArgumentTypeError(f"{text} is not 20 to {MAX_CHUNK_S * 1000:g}")
    return value


def encoding(text: str) -> str:
    """`text` as an encoding."""
    try:
        return codecs.lookup(text).name
    except LookupError as error:
        raise argparse.ArgumentTypeError(
            f"{text} is no encoding: expected one such as utf-8, gb18030"
        ) from error
