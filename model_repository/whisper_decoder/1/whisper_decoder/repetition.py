"""Find text that goes round in circles, as Whisper does over music, noise and cut-off speech."""

from collections.abc import Sequence

LONGEST_PHRASE = 16
"""Tokens of the longest phrase looked for."""
TIMES = 4
"""A phrase said this often in a row is a loop ..."""
TOKENS = 12
"""... if it comes to as many tokens: "no, no, no, no" does not."""


def repeated_tail(tokens: Sequence[int]) -> int:
    """How many tokens to cut where a phrase is said over and over: all repetitions but the first."""
    for size in range(1, LONGEST_PHRASE + 1):
        times = max(TIMES, -(-TOKENS // size))
        tail = tokens[-size:]
        if len(tokens) >= size * times and all(
            tokens[-size * (k + 1) : -size * k] == tail for k in range(1, times)
        ):
            return size * (times - 1)
    return 0
