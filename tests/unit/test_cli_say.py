"""`liveroom say`: where speech can't go is said before there is any, and nothing half-written is left."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import wave
from pathlib import Path

import pytest
from liveroom.cli import main

from tests.unit.peer import Request, Send
from tests.unit.test_cli_commands import LIVEROOM
from tests.unit.text_peer import TextPeer, speaker

LONG = "word " * 200


async def shell(command: str) -> tuple[int, str]:
    """The exit code of the command, and what it says; `say` in it is `liveroom say`, with a server."""
    async with TextPeer(speaker).listening() as url:
        code = "import sys; from liveroom.cli import main; sys.exit(main())"
        say = f'say() {{ "$PYTHON" -c \'{code}\' say "$@" --url {url}; }}; '
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", say + command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHON": LIVEROOM[0]},
        )
        _, error = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, error.decode()


async def test_a_file_is_written_whole(tmp_path: Path) -> None:
    code, error = await shell(f"say 'two words' --out {tmp_path}/hi.WAV")
    assert code == 0
    assert "2.00 s" in error
    with wave.open(f"{tmp_path}/hi.WAV") as file:
        assert (file.getnframes(), file.getframerate()) == (48_000, 24_000)


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (f"say '{LONG}' --out - | head -c 100 > /dev/null; exit ${{PIPESTATUS[0]}}", 141, ""),
        (f"say '{LONG}' --out - > /dev/full", 1, "liveroom: [Errno 28] No space left on device: 'stdout'\n"),
        (
            f"say '{LONG}' --out /nowhere/x.wav",
            1,
            "liveroom: [Errno 2] No such file or directory: '/nowhere/x.wav'\n",
        ),
        ("PATH=/nowhere; say hi --play", 1, "liveroom: nothing to play with: install one of ffplay"),
        ("say hi --out x.wav --lexicon absent", 1, "liveroom: absent is not a file\n"),
        ("printf '\\xff' | say - --out x.wav", 1, "liveroom: stdin, byte 1 is no UTF-8: expected a text\n"),
        ("say hi", 2, "liveroom: where to? expected --out FILE.wav"),
        ("say hi --out x.mp3", 2, "liveroom: x.mp3 does not end with .wav"),
    ],
)
async def test_a_sink_that_fails_is_one_line(command: str, code: int, says: str) -> None:
    found, error = await shell(command)
    assert found == code
    assert error.startswith(says) if says else not error
    assert error.count("\n") <= 1


def fake_player(folder: Path, script: str) -> None:
    player = folder / "ffplay"
    player.write_text(f"#!/bin/sh\n{script}\n")
    player.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("cat > /dev/null", 0, ""),
        ("exit 3", 1, "liveroom: ffplay failed with exit code 3: try --out FILE.wav\n"),
    ],
)
async def test_a_player_that_fails_is_said(tmp_path: Path, script: str, code: int, says: str) -> None:
    fake_player(tmp_path, script)
    assert await shell(f"PATH={tmp_path}:$PATH; say '{LONG}' --play") == (code, says)


async def test_samples_are_not_written_to_a_terminal() -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *LIVEROOM, *("say", "hi", "--out", "-"), stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    _, error = await process.communicate()
    os.close(ours)
    assert process.returncode == 2
    assert error.startswith(b"liveroom: stdout is a terminal: expected a pipe after --out -")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
async def test_a_signal_leaves_no_half_written_file(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    begun = asyncio.Event()

    async def endless(request: Request, send: Send) -> None:
        begun.set()
        await asyncio.sleep(60)

    async with TextPeer(endless).listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *("say", "hi", "--out", str(tmp_path / "hi.wav"), "--url", url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await asyncio.wait_for(begun.wait(), 30)
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(number)
        told = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, told) == (code, (b"", b""))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [["--speed", "5"], ["--pauses", "-1"]])
def test_wrong_usage_exits_2(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["say", "hi", "--out", "x.wav", *options])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: liveroom")
