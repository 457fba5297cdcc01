"""`liveroom chat`: what is shown of lines that anybody may have written, and how the command ends."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from liveroom.cli import main

from tests.unit.peer import Peer
from tests.unit.test_cli_commands import LIVEROOM, after_a_line
from tests.unit.text_peer import TextPeer, moderator, texts


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


async def run(*arguments: str | Path, peer: Peer | None = None) -> int:
    async with (peer or TextPeer(moderator)).listening() as url:
        return await asyncio.to_thread(main, ["chat", *map(str, arguments), "--url", url])


async def test_nothing_that_a_viewer_writes_reaches_the_terminal_as_a_command(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text("viewer,text\nev\x1b[31mil,spoiler \x1b[2J\n")
    assert await run(log) == 0
    out, error = capsys.readouterr()
    assert "\x1b" not in out + error
    assert "ev\N{REPLACEMENT CHARACTER}[31mil: spoiler" in out
    assert error == "liveroom: 1 line, 1 hold\n"
    assert await run(log.with_name("\x1b[31m.csv")) == 1
    assert "\x1b" not in capsys.readouterr().err


async def test_json_has_the_id_and_the_viewer_of_a_line(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text("id,viewer,text\nm7,v1,a spoiler\n,,hi\n")
    peer = TextPeer(moderator)
    assert await run(log, "--json", peer=peer) == 0
    held, other = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (held["id"], held["viewer"], held["action"]) == ("m7", "v1", "hold")
    assert not {"id", "viewer"} & other.keys()
    assert "m7" in [each for chunk in peer.chunks for each in texts(chunk, "id")]


async def test_ignored_columns_are_said(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text("text,viewer,badge\nhi,v1,gold\n")
    assert await run(log, "--json") == 0
    out, error = capsys.readouterr()
    assert json.loads(out)["text"] == "hi"
    assert json.loads(error) == {"warning": f"{log}: columns that are not known are ignored: badge"}


async def test_in_live_chat_it_is_said_that_bytes_are_replaced() -> None:
    async with TextPeer(moderator).listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *("chat", "-", "--url", url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, error = await asyncio.wait_for(process.communicate("主播\n棒\n".encode("gb18030")), 30)
    assert process.returncode == 0
    assert out.count(b"\n") == 2
    assert error.decode().splitlines() == [
        "liveroom: stdin: bytes that are no UTF-8 are replaced; try --encoding gb18030",
        "liveroom: 2 lines, none stopped",
    ]


@pytest.mark.parametrize("option", ["log", "--settings"])
async def test_a_file_that_is_not_there_is_said(
    option: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text("hi\n")
    absent = log.with_name("absent")
    arguments: list[str | Path] = [absent] if option == "log" else [log, option, absent]
    assert await run(*arguments) == 1
    assert capsys.readouterr().err == f"liveroom: {absent} is not a file\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
async def test_a_reader_that_goes_away_is_no_error(log: Path, options: list[str]) -> None:
    log.write_text("what a goal, what a night\n" * 3000)
    async with TextPeer(moderator).listening() as url:
        assert await after_a_line("chat", str(log), *options, "--url", url) == (141, b"")


async def test_on_a_terminal_reasons_go_on_below_the_line(log: Path) -> None:
    log.write_text("spoiler " + "very long word " * 8 + "\n")
    async with TextPeer(moderator).listening() as url:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *("chat", str(log), "--url", url),
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "80"},
        )
        os.close(theirs)
        shown = b""
        try:
            while data := await asyncio.to_thread(os.read, ours, 65536):
                shown += data
        except OSError:  # how Linux says that the other side of a terminal has been closed
            pass
        os.close(ours)
        assert await process.wait() == 0
    first, *others = [line for line in shown.decode().splitlines() if line.strip()]
    assert first.startswith("00:00:01.0")
    assert others
    assert all(line.startswith(" " * 13) and len(line) <= 80 for line in others)


def test_the_example_says_how_it_is_called() -> None:
    example = Path(__file__).parents[2] / "examples" / "moderate_chat.py"
    done = subprocess.run([LIVEROOM[0], example], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python examples/moderate_chat.py LOG.csv GOODBYE.wav\n"
