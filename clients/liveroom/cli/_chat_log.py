"""Lines of chat out of a file or a pipe: a message a line, or CSV with a header."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import get_args

from .._audio import logger
from .._chat_events import Role
from .._errors import InvalidInput

COLUMNS = ("time_s", "viewer", "text", "role", "id")
"""Of a CSV file; all but `text` may be missing."""
LONGEST_RECORD = 1 << 20
"""Characters of one line, or of one record of a CSV file."""
IDS = 100_000
"""That many of the last ones are told apart."""
_OTHERS = {
    "time_s": ("time", "timestamp", "seconds", "pts", "时间"),
    "viewer": ("user", "username", "name", "nickname", "author", "用户", "观众", "昵称"),
    "text": ("message", "msg", "comment", "content", "body", "内容", "弹幕", "消息"),
}
"""What others call our columns."""
_CALLED = {other: column for column, others in _OTHERS.items() for other in others}
_HEADER = re.compile(r"\ufeff?[\w \"]+([,;\t|])[\w \"]+(?:\1[\w \"]*)*")


@dataclass(frozen=True, slots=True)
class Row:
    """A message; `time_s` is None where the file has no times."""

    text: str
    viewer: str = ""
    role: Role = "viewer"
    id: str = ""
    time_s: float | None = None


async def rows(
    blocks: AsyncIterator[bytes], name: str, encoding: str, *, live: bool = False
) -> AsyncIterator[Row]:
    """Messages in their order; lines with nothing in them are none.

    Args:
        blocks: of the file.
        name: of the file, for errors.
        encoding: of its text.
        live: what is no text in that encoding is replaced, and an id that comes again is only warned of.

    Raises:
        InvalidInput: it is no text in that encoding; its first line names columns that are not known; a
            record is wrong, named by its number, column and value; or one is longer than 1 MiB of text.
            What came before has been given.
    """
    columns: list[str] | None = None
    pending, number = "", 0
    ids: dict[str, int] = {}
    async for line in _lines(blocks, name, encoding, live=live):
        if columns is None and not number:
            number += 1
            columns = _header(line, name)
            if columns is None and line.strip():
                yield Row(line)
            continue
        if not columns:
            if line.strip():
                yield Row(line)
            continue
        pending += line
        if pending.count('"') % 2:  # a quoted field goes on on the next line
            pending += "\n"
            _check_length(pending, name, number + 1)
            continue
        number += 1
        if pending:
            row = _row(columns, pending, f"{name}, record {number}")
            _check_id(row.id, ids, f"{name}, record", number, live=live)
            yield row
        pending = ""
    if pending and columns:
        raise InvalidInput(f"{name}, record {number + 1}: a quotation mark is opened and not closed")


async def _lines(blocks: AsyncIterator[bytes], name: str, encoding: str, *, live: bool) -> AsyncIterator[str]:
    """Lines without their ends."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if live else "strict")
    rest, number, wrong = "", 0, ""
    other = "gb18030" if encoding == "utf-8" else "utf-8"
    replaced = False
    async for block in _ended(blocks):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode(encoding, errors="ignore")
            wrong = f"is no {encoding.upper()}; try --encoding {other}"
        if not live and "\0" in text:
            text = text[: text.index("\0")]
            wrong = "is NUL: expected text, a message a line or CSV"
        if live and not replaced and "\N{REPLACEMENT CHARACTER}" in text:
            replaced = True
            logger.warning(
                "%s: bytes that are no %s are replaced; try --encoding %s", name, encoding.upper(), other
            )
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            number += 1
            yield line.removesuffix("\r")
        if wrong:
            at = len(rest.encode(encoding, errors="replace")) + 1
            raise InvalidInput(f"{name}, line {number + 1}, byte {at} {wrong}")
        _check_length(rest, name, number + 1)
    if rest:
        yield rest.removesuffix("\r")


async def _ended(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Those, and an empty one."""
    async for block in blocks:
        if block:
            yield block
    yield b""


def _header(line: str, name: str) -> list[str] | None:
    """The columns of a CSV file, where its first line names them: two or more, and `text` among them.

    Raises:
        InvalidInput: it is meant to name them, by what others call them, twice, or with another separator.
    """
    found = _HEADER.fullmatch(line[:1000])
    if found is None:
        return None
    names = [each.strip(' "').lower() for each in line.lstrip("\ufeff").split(found[1])]
    ours = [each for each in names if each in COLUMNS or each in _CALLED]
    if len(ours) < 2:
        return None
    expected = f"expected a header such as time_s,viewer,text; columns are {', '.join(COLUMNS)}"
    if found[1] != ",":
        raise InvalidInput(f"{name} separates its columns by {found[1]!r} instead of commas: {expected}")
    for each in names:
        if names.count(each) > 1:
            raise InvalidInput(f"{name} has the column {each!r} twice: {expected}")
        if (column := _CALLED.get(each)) and column not in names:
            raise InvalidInput(f"{name} has a column {each!r}, which is to be called {column!r}: {expected}")
    if "text" not in names:
        raise InvalidInput(f"{name} has no column 'text' but {', '.join(names)}: {expected}")
    if ignored := [each for each in names if each not in COLUMNS]:
        logger.warning("%s: columns that are not known are ignored: %s", name, ", ".join(ignored))
    return names


def _check_id(line_id: str, ids: dict[str, int], where: str, number: int, *, live: bool) -> None:
    """See that none of the `ids` seen so far, by the numbers of their records, stands there again."""
    if not line_id:
        return
    if before := ids.pop(line_id, None):
        message = f"{where} {number}: id {line_id[:50]!r} stands in record {before} too: expected another"
        if not live:
            raise InvalidInput(message)
        logger.warning("%s", message)
    ids[line_id] = number
    if len(ids) > IDS:
        del ids[next(iter(ids))]


def _row(columns: list[str], record: str, where: str) -> Row:
    try:
        fields = next(csv.reader([record]))
    except csv.Error as error:
        raise InvalidInput(f"{where} can't be read: {error}") from error
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
