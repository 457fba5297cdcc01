"""Chat logs as people have them: a message a line, or CSV, in blocks that end anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from liveroom import InvalidInput
from liveroom.cli._chat_log import LONGEST_RECORD, Row, rows


async def blocks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read(data: bytes, size: int = 1 << 16, encoding: str = "utf-8", *, live: bool = False) -> list[Row]:
    return [row async for row in rows(blocks(data, size), "log", encoding, live=live)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_a_message_a_line_but_for_blank_ones_whatever_the_blocks(size: int) -> None:
    data = "主播好棒 😀\r\n\n \nhello, you\nlast".encode()
    assert await read(data, size) == [Row("主播好棒 😀"), Row("hello, you"), Row("last")]


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_csv_with_quotes_commas_and_line_ends_in_a_field(size: int) -> None:
    data = b'\xef\xbb\xbftime_s,viewer,text\r\n0,a,"hi, ""you"""\r\n1.5,b,"two\r\nlines"\r\n\r\n'
    assert await read(data, size) == [
        Row('hi, "you"', "a", time_s=0.0),
        Row("two\nlines", "b", time_s=1.5),
    ]


async def test_columns_in_any_order_and_most_may_be_missing() -> None:
    assert await read(b"text,role\nhi,host\nho,\n") == [Row("hi", role="host"), Row("ho")]
    assert await read(b"viewer,text\n7,x\n") == [Row("x", "7")]


async def test_a_first_line_with_other_words_is_a_message() -> None:
    assert await read(b"text, or not\nhi\n") == [Row("text, or not"), Row("hi")]
    assert await read(b"text\nhi\n") == [Row("text"), Row("hi")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("viewer,message", "log has a column 'message', which is to be called 'text'"),
        ("时间,用户,内容", "log has a column '时间', which is to be called 'time_s'"),
        ("time_s;viewer;text", "log separates its columns by ';' instead of commas"),
        ("time_s\ttext", r"log separates its columns by '\\t' instead of commas"),
        ("text,viewer,text", "log has the column 'text' twice"),
        ("time_s,viewer", "log has no column 'text' but time_s, viewer"),
    ],
)
async def test_a_header_with_other_columns_is_no_message(header: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{message}: expected a header such as time_s,viewer,text"):
        await read(f"{header}\n1,a,b\n".encode())


async def test_columns_that_are_not_known_are_ignored_and_names_may_stand_in_quotes() -> None:
    assert await read(b'"viewer","Text",badge\na,hi,gold\n') == [Row("hi", "a")]


async def test_an_id_that_stands_there_twice_is_named() -> None:
    data = b"id,text\n7,hi\n,ho\n,ha\n7,no\n"
    with pytest.raises(InvalidInput, match="log, record 5: id '7' stands in record 2 too: expected another"):
        await read(data)
    assert [row.text for row in await read(data, live=True)] == ["hi", "ho", "ha", "no"]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        ("ok\n主播\n".encode("gb18030"), "utf-8", "line 2, byte 1 is no UTF-8; try --encoding gb18030"),
        (b"ok\nhalf \xe4\xb8", "utf-8", "line 2, byte 6 is no UTF-8"),
        (
            "ok\n主".encode("gb18030") + b"\xff\n",
            "gb18030",
            "line 2, byte 3 is no GB18030; try --encoding utf-8",
        ),
        (b"ok\nRIFF$\0\0\0WAVEfmt ", "utf-8", "line 2, byte 6 is NUL: expected text"),
    ],
)
async def test_what_is_no_text_is_named(data: bytes, encoding: str, message: str, size: int) -> None:
    given: list[Row] = []
    with pytest.raises(InvalidInput, match=f"^log, {message}"):  # noqa: PT012 - what came before counts
        async for row in rows(blocks(data, size), "log", encoding):
            given.append(row)
    assert given == [Row("ok")]


async def test_another_encoding_and_bytes_that_are_no_text_in_live_chat() -> None:
    assert await read("主播\n".encode("gb18030"), encoding="gb18030") == [Row("主播")]
    assert await read(b"a\xff\n", live=True) == [Row("a\N{REPLACEMENT CHARACTER}")]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("x,a,hi", "log, record 3: time_s is 'x': expected seconds"),
        ("nan,a,hi", "time_s is 'nan'"),
        ("1,a", "record 3 has 2 fields: expected 3, time_s,viewer,text"),
        ("1,a,hi,ho", "has 4 fields"),
        ('1,a,"hi', "quotation mark is opened and not closed"),
    ],
)
async def test_a_wrong_record_is_named_and_those_before_it_are_given(record: str, message: str) -> None:
    given: list[Row] = []
    with pytest.raises(InvalidInput, match=message):  # noqa: PT012 - what came before the error counts
        async for row in rows(blocks(f"time_s,viewer,text\n0,a,ok\n{record}\n".encode(), 9), "log", "utf-8"):
            given.append(row)
    assert given == [Row("ok", "a", time_s=0.0)]


async def test_a_wrong_role_is_named() -> None:
    with pytest.raises(InvalidInput, match="role is 'king': expected one of viewer, fan"):
        await read(b"text,role\nhi,king\n")


@pytest.mark.parametrize("start", [b"", b'text,viewer\n"'])
async def test_a_line_without_end_is_refused_before_it_fills_the_memory(start: bytes) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield start
        while True:
            yield b"a" * 65536

    with pytest.raises(InvalidInput, match=f"more than {LONGEST_RECORD} characters"):
        [row async for row in rows(endless(), "log", "utf-8")]
