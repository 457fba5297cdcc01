"""Kinds of numbers that commands take, with what is said of others."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from perf import report


def whole(least: int, most: float = math.inf) -> Callable[[str], int]:
    """A whole number, `least` or more, up to `most`."""

    def read(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            bounds = f"{least} or more" if most == math.inf else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number, {bounds}")
        return int(text)

    return read


def number_that(fits: Callable[[float], bool], expected: str) -> Callable[[str], float]:
    """A number that `fits`; nothing else is, and `expected` says what would be."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not fits(value):
            raise argparse.ArgumentTypeError(f"{text}: expected {expected}")
        return value

    return read


count = whole(1)
window = number_that(lambda value: 0.1 <= value <= 60, "seconds, from 0.1 to 60")
"""Seconds of load."""
share = number_that(lambda value: 0 <= value <= 1, "a share from 0 to 1")
positive = number_that(lambda value: 0 < value < math.inf, "a number, more than 0")


def add_output(parser: argparse.ArgumentParser, name: str) -> None:
    """The options that every measurement has: where its result goes, and in which form it is printed."""
    out = report.BUILD / f"{name}.json"
    parser.add_argument("--out", type=Path, default=out, help="where the result goes (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print it as JSON; the rest goes to stderr")
