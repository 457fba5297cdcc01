"""Lines of chat out of a file or a pipe: a message a line, or CSV with a header."""

from __future__ import annotations

import codecs
import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import get_args

from .._chat_events import Role
from .._errors import InvalidInput

COLUMNS = ("time_s", "viewer", "text", "role", "id")
"""Of a CSV file; all but `text` may be missing."""
LONGEST_RECORD = 1 << 20
"""Characters of one line, or of one record of a CSV file."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message; `time_s` is None where the file has no times."""

    text: str
    viewer: str = ""
    role: Role = "viewer"
    id: str = ""
    time_s: float | None = None


async def rows(blocks: AsyncIterator[bytes], name: str, encoding: str) -> AsyncIterator[Row]:
    """Messages in their order.

    Args:
        blocks: of the file.
        name: of the file, for errors.
        encoding: of its text; what is none in it is replaced.

    Raises:
        InvalidInput: a record of a CSV file is wrong, named by its number, column and value; or one is
            longer than 1 MiB of text. What came before has been given.
    """
    columns: list[str] | None = None
    pending, number = "", 0
    async for line in _lines(blocks, name, encoding):
        if columns is None and not number:
            number += 1
            columns = _header(line)
            if columns is None:
                yield Row(line)
            continue
        if not columns:
            number += 1
            yield Row(line)
            continue
        pending += line
        if pending.count('"') % 2:  # a quoted field goes on on the next line
            pending += "\n"
            _check_length(pending, name, number + 1)
            continue
        number += 1
        if pending:
            yield _row(columns, pending, f"{name}, record {number}")
        pending = ""
    if pending and columns:
        raise InvalidInput(f"{name}, record {number + 1}: a quotation mark is opened and not closed")


async def _lines(blocks: AsyncIterator[bytes], name: str, encoding: str) -> AsyncIterator[str]:
    """Lines without their ends."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    rest, number = "", 0
    async for block in blocks:
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        for line in whole:
            number += 1
            yield line.removesuffix("\r")
        _check_length(rest, name, number + 1)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest.removesuffix("\r")


def _header(line: str) -> list[str] | None:
    """The columns of a CSV file, where its first line names them."""
    names = [name.strip().lower() for name in line.lstrip("\ufeff").split(",")]
    known = (
        len(names) > 1 and "text" in names and set(names) <= set(COLUMNS) and len(set(names)) == len(names)
    )
    return names if known else None


def _row(columns: list[str], record: str, where: str) -> Row:
    fields = next(csv.reader([record]))
    if len(fields) != len(columns):
        raise InvalidInput(f"{where} has {len(fields)} fields: expected {len(columns)}, {','.join(columns)}")
    values = dict(zip(columns, fields, strict=True))
    role = values.get("role", "") or "viewer"
    if role not in get_args(Role):
        raise InvalidInput(f"{where}: role is {role[:50]!r}: expected one of {', '.join(get_args(Role))}")
    time_s = values.get("time_s")
    try:
        seconds = None if time_s is None else float(time_s)
    except ValueError:
        seconds = float("nan")
    if seconds is not None and not abs(seconds) <= 1e9:
        raise InvalidInput(f"{where}: time_s is {time_s[:50] if time_s else ''!r}: expected seconds")
    return Row(values["text"], values.get("viewer", ""), role, values.get("id", ""), seconds)  # type: ignore[arg-type]


def _check_length(text: str, name: str, number: int) -> None:
    if len(text) > LONGEST_RECORD:
        raise InvalidInput(f"{name}, line {number} has more than {LONGEST_RECORD} characters")
