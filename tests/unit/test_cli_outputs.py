"""What commands write: nothing is lost of what was there, of what is read, or of what was heard."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from liveroom._files import replacing
from liveroom.cli import main

from tests.unit.peer import Peer
from tests.unit.test_cli_commands import LIVEROOM, run, speaker

OLD = "what was there before"
NO_SERVER = ["--url", "127.0.0.1:9"]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    soundfile.write(path, np.zeros(24_000), 16_000)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "captions.srt"
    path.write_text(OLD)
    return path


def aliases(path: Path) -> list[Path]:
    """Other names of a file."""
    hard, soft = path.with_name("hard"), path.with_name("soft")
    os.link(path, hard)
    soft.symlink_to(path)
    return [path, hard, soft, path.parent / "." / path.name]


@pytest.mark.parametrize(
    "command",
    [
        ["captions", "IN", "--pace", "0", "--out", "OUT"],
        ["vision", "IN", "--out", "OUT"],
        ["studio", "IN", "--smooth", "1", "--out", "OUT"],
        ["studio", "other.png", "--background", "IN", "--out", "OUT"],
        ["gallery", "add", "OUT", "Ann", "IN"],
    ],
    ids=lambda command: " ".join(command[:2]) if isinstance(command, list) else None,
)
def test_what_is_read_is_never_written_over(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "picture.png"
    source.write_bytes(b"precious")
    for alias in aliases(source):
        words = {"IN": str(source), "OUT": str(alias)}
        if command[0] in ("vision", "studio") and not alias.suffix:
            words = {"IN": str(alias), "OUT": str(source)}
        assert main([*(words.get(word, word) for word in command), *NO_SERVER]) == 1
        assert "is what is read" in capsys.readouterr().err
        assert source.read_bytes() == b"precious"


def test_stdin_from_a_file_is_not_written_over(tmp_path: Path) -> None:
    source = tmp_path / "samples.raw"
    source.write_bytes(bytes(32_000))
    with source.open("rb") as stdin:
        done = subprocess.run(
            [*LIVEROOM, "captions", "-", "--out", str(source), *NO_SERVER],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "(stdin)" in done.stderr
    assert source.read_bytes() == bytes(32_000)


@pytest.mark.parametrize("live", [False, True], ids=["file", "stdin"])
def test_without_a_server_an_older_output_stays(recording: Path, out: Path, live: bool) -> None:
    done = subprocess.run(
        [*LIVEROOM, "captions", "-" if live else str(recording), "--out", str(out), *NO_SERVER],
        input=bytes(3200),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3
    assert out.read_text() == OLD
    assert sorted(each.name for each in out.parent.iterdir()) == ["captions.srt", "speech.wav"]


async def test_of_a_recording_that_is_damaged_what_was_heard_is_written(
    tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged.flac"
    noise = np.random.default_rng(0).integers(-9000, 9000, 48_000).astype(np.int16)
    soundfile.write(damaged, noise, 16_000)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    damaged.write_bytes(content)
    for more in ([], ["--out", str(out)]):
        assert await run("captions", str(damaged), "--pace", "0", "--format", "srt", *more) == 1
        shown = capsys.readouterr()
        assert "damaged.flac is damaged" in shown.err
        assert "你好 world." in (out.read_text() if more else shown.out)


async def test_a_pipe_or_dev_null_is_written_to(recording: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = asyncio.create_task(asyncio.to_thread(pipe.read_text))
    assert await run("captions", str(recording), "--pace", "0", "--out", str(pipe)) == 0
    assert await reader == "你好 world.\n"
    assert await run("captions", str(recording), "--pace", "0", "--out", os.devnull) == 0
    assert Path(os.devnull).is_char_device()


async def test_a_full_disk_is_said_of_the_users_file(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("captions", str(recording), "--pace", "0", "--out", "/dev/full") == 1
    assert "No space left on device: '/dev/full'" in capsys.readouterr().err


def test_a_full_disk_leaves_what_was_there(out: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    program = (
        f"{limit}; import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path; from liveroom._files import replacing\n"
        f"with replacing(Path({str(out)!r})) as part: part.write_bytes(bytes(1000))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert f"File too large: {str(out)!r}" in done.stderr
    assert out.read_text() == OLD
    assert [each.name for each in out.parent.iterdir()] == [out.name]


def test_errors_of_other_files_keep_their_names(out: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"), replacing(out):
        (tmp_path / "missing").read_bytes()
    assert out.read_text() == OLD


async def test_what_was_said_until_ctrl_c_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "live.jsonl"
    async with Peer(speaker).listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM, "captions", "-", "--json", "--out", str(out), "--url", url, stdin=subprocess.PIPE
        )
        assert process.stdin
        process.stdin.write(bytes(64_000))
        await process.stdin.drain()
        async with asyncio.timeout(20):
            while not (out.exists() and out.read_text()):  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
    assert json.loads(out.read_text().splitlines()[0])["text"] == "你好 wor"


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "aiff", "au", "caf", "mp4", "webm"])
def test_a_sound_file_on_stdin_is_not_taken_for_samples(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"sound.{kind}"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)
    if kind in ("mp4", "webm"):
        path.write_bytes({"mp4": b"\0\0\0\x20ftypisom", "webm": b"\x1a\x45\xdf\xa3"}[kind] + bytes(9000))
    else:
        soundfile.write(path, noise, 16_000)
    for command in ("captions",):
        done = subprocess.run(
            [*LIVEROOM, command, "-", *NO_SERVER], input=path.read_bytes(), capture_output=True, check=False
        )
        assert done.returncode == 1
        assert b"stdin is a sound file" in done.stderr


@pytest.mark.parametrize(
    ("shell", "says"),
    [
        ("{} <&-", "stdin is closed"),
        (": | {}", "stdin ended after 0 bytes"),
        ("printf x | {}", "stdin ended after 1 bytes"),
    ],
)
def test_a_stdin_that_gives_nothing_is_said(shell: str, says: str) -> None:
    command = f"{sys.executable} -c 'import sys; from liveroom.cli import main; sys.exit(main())' captions -"
    line = shell.format(f"{command} --url 127.0.0.1:9")
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=False)  # noqa: S602
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 1


async def test_a_pipe_that_is_non_blocking_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    async with Peer(speaker).listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM, "captions", "-", "--url", url, stdin=reading, stdout=subprocess.PIPE
        )
        os.close(reading)
        await asyncio.sleep(1)
        os.write(writing, bytes(32_000))
        os.close(writing)
        shown, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert shown.decode() == "你好 world.\n"


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "cp1252"])
async def test_text_that_a_terminal_lacks_ends_nothing(recording: Path, encoding: str) -> None:
    async with Peer(speaker).listening() as url:
        for more in ([], ["--json"]):
            process = await asyncio.create_subprocess_exec(
                *LIVEROOM,
                "captions",
                str(recording),
                "--pace",
                "0",
                "--url",
                url,
                *more,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONIOENCODING": encoding},
            )
            shown, _ = await asyncio.wait_for(process.communicate(), 20)
            assert process.returncode == 0
            assert b"world." in shown
            if more:
                assert "你好" in shown.decode("utf-8")
