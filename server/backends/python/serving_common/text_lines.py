"""Lines of text as requests bring them."""

from typing import Any

from numpy.typing import NDArray

LONGEST_LINE = 4096
"""Bytes of a line in UTF-8."""


class LineError(ValueError):
    """A line cannot be taken; the message names it, the value and what would be right."""


def read_lines(text: NDArray[Any]) -> list[str]:
    """The lines of a request, bytes [B,1] in UTF-8, each at most `LONGEST_LINE` long.

    Raises:
        LineError: there is none, or one of them is none; which counts from 1.
    """
    if not text.size:
        raise LineError("text is a batch of none: send 1 to 256 lines")
    return [_line(number, line, text.size) for number, line in enumerate(text.reshape(-1).tolist(), 1)]


def _line(number: int, line: bytes, count: int) -> str:
    which = f"text {number} of {count}" if count > 1 else "text"
    if len(line) > LONGEST_LINE:
        raise LineError(f"{which} is {len(line)} bytes long; a line has at most {LONGEST_LINE} in UTF-8")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise LineError(
            f"{which} is not UTF-8: byte {error.start + 1} is 0x{line[error.start]:02x}; send text in UTF-8"
        ) from error
