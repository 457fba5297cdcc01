"""Lines of text, checked before they are sent, and as they go over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._errors import InvalidInput
from ._signature import Encoded

LARGEST_BATCH = 256
"""Lines of a request, the `max_batch_size` of the models for text; a test compares."""
LONGEST_LINE = 4096
"""Bytes of a line in UTF-8, as the models take them; a test compares."""


def check_lines(lines: Iterable[str]) -> list[bytes]:
    """`lines` in UTF-8.

    Raises:
        InvalidInput: they are no texts, or one is too long or no Unicode; the message says which, from 1.
    """
    found = f"lines is {type(lines).__name__}"
    if isinstance(lines, str | bytes):
        raise InvalidInput(f"{found}: expected several texts, such as [{lines[:20]!r}]")
    try:
        return [_encoded(number, line) for number, line in enumerate(lines, 1)]
    except TypeError as error:
        raise InvalidInput(f"{found}: expected several texts") from error


def _encoded(number: int, line: str) -> bytes:
    if not isinstance(line, str):
        raise InvalidInput(f"line {number} is {line!r:.50}: expected text")
    try:
        data = line.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"line {number} is no Unicode: character {error.start + 1} is U+{ord(line[error.start]):04X}, "
            "half of a pair; send the whole pair"
        ) from error
    if len(data) > LONGEST_LINE:
        raise InvalidInput(
            f"line {number} is {len(data)} bytes long: expected at most {LONGEST_LINE} in UTF-8"
        )
    return data


def text_input(lines: Sequence[bytes]) -> Encoded:
    """The input `text` of a request, BYTES [B,1]."""
    return Encoded.of_texts(lines, len(lines), 1)
