"""The `liveroom` command: output for people and machines, errors on one line, exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
import soundfile
from liveroom.cli import main

from tests.unit.peer import Peer, Request, Send, acknowledgement, event, failure

LIVEROOM = [sys.executable, "-c", "import sys; from liveroom.cli import main; sys.exit(main())"]


async def speaker(request: Request, send: Send) -> None:
    """A partial with every chunk, a final at the end."""
    if request.parameters["sequence_end"].bool_param:
        await send(event(request.id, "final", "你好 world.", 0.0, 1.5))
    else:
        await send(event(request.id, "partial", "你好 wor", 0.0, 1.0, stable="你好 "))
    await send(acknowledgement(request.id))


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "speech.wav"
    soundfile.write(path, np.zeros(24_000), 16_000)
    return str(path)


async def run(*arguments: str, peer: Peer | None = None) -> int:
    async with (peer or Peer(speaker)).listening() as url:
        return await asyncio.to_thread(main, [*arguments, "--url", url])


async def test_captions_as_json_lines(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("captions", recording, "--pace", "0", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(e) for e in events] == [
        ["kind", "text", "stable", "pts_start", "pts_end", "language", "emitted_at"]
    ] * len(events)
    assert events[0] | {"emitted_at": 0} == {
        "kind": "partial",
        "text": "你好 wor",
        "stable": "你好 ",
        "pts_start": 0.0,
        "pts_end": 1.0,
        "language": "en",
        "emitted_at": 0,
    }
    assert events[-1]["kind"] == "final"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", "你好 world.\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:01,500\n你好 world.\n\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n你好 world.\n\n"),
    ],
)
async def test_captions_in_every_format(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, expected: str
) -> None:
    out = tmp_path / "out"
    assert await run("captions", recording, "--pace", "0", "--format", form) == 0
    assert capsys.readouterr().out == expected
    assert await run("captions", recording, "--pace", "0", "--format", form, "--out", str(out)) == 0
    assert out.read_text("utf-8") == expected


async def test_captions_pass_their_options_on(recording: str) -> None:
    peer = Peer(speaker)
    options = ["--room", "room-42", "--language", "zh", "--denoise", "--chunk-ms", "500", "--pace", "0"]
    assert await run("captions", recording, *options, peer=peer) == 0
    first = peer.chunks[0]
    raw = dict(zip((tensor.name for tensor in first.inputs), first.raw_input_contents, strict=True))
    assert peer.metadata[0]["x-room-id"] == "room-42"
    assert raw["language"] == b"\x02\0\0\0zh"
    assert raw["denoise"] == b"\x01"
    assert [len(chunk.raw_input_contents[0]) // 4 for chunk in peer.chunks[:3]] == [8000] * 3


async def test_captions_of_a_pipe() -> None:
    samples = np.arange(5000, dtype="<i2")
    peer = Peer(speaker)
    async with peer.listening() as url:
        command = [*LIVEROOM, "captions", "-", "--json", "--url", url]
        done = await asyncio.to_thread(
            subprocess.run, command, input=samples.tobytes() + b"x", capture_output=True, check=True
        )
    assert json.loads(done.stdout.splitlines()[-1])["text"] == "你好 world."
    sent = [np.frombuffer(chunk.raw_input_contents[0], "<i2") for chunk in peer.chunks]
    assert [len(piece) for piece in sent] == [3200, 1800, 0]
    assert np.array_equal(np.concatenate(sent), samples)


async def test_a_sound_file_in_a_pipe_is_explained(recording: str) -> None:
    async with Peer(speaker).listening() as url:
        command = [*LIVEROOM, "captions", "-", "--url", url]
        sound = Path(recording).read_bytes()
        done = await asyncio.to_thread(subprocess.run, command, input=sound, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"liveroom: stdin is a sound file (WAV): expected raw samples")


async def test_on_a_terminal_stable_and_unstable_parts_look_different(recording: str) -> None:
    async with Peer(speaker).listening() as url:
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *("captions", recording, "--pace", "10", "--url", url),
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"},
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
    screen = shown.decode()
    assert "\x1b[1m你好 \x1b[0m\x1b[2;3mwor\x1b[0m" in screen
    assert "\x1b[1m你好 world.\x1b[0m" in screen


async def test_interrupting_ends_quickly_and_quietly(recording: str) -> None:
    begun = asyncio.Event()

    async def begin(request: Request, send: Send) -> None:
        await speaker(request, send)
        begun.set()

    peer = Peer(begin)
    async with peer.listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM,
            *("captions", recording, "--pace", "0.5", "--url", url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        await asyncio.wait_for(begun.wait(), 10)
        process.send_signal(signal.SIGINT)
        out, error = await asyncio.wait_for(process.communicate(), 10)
        await asyncio.wait_for(peer.cancelled.wait(), 5)
    assert (process.returncode, out, error) == (130, b"", b"")


async def test_transcribe_goes_on_after_a_bad_file(
    recording: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = str(tmp_path / "absent.wav")
    assert await run("transcribe", recording, absent, recording, "--json") == 1
    out, error = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [list(line) for line in lines] == [["file", "text", "language", "duration_s", "elapsed_s"]] * 2
    assert (lines[0]["file"], lines[0]["text"], lines[0]["language"]) == (recording, "你好", "zh")
    assert json.loads(error) == {
        "kind": "error",
        "code": "invalid_input",
        "message": f"{absent} is not a file",
        "file": absent,
    }


async def test_transcribe_for_people(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("transcribe", recording) == 0
    assert capsys.readouterr().out == "你好\n"
    assert await run("transcribe", recording, recording) == 0
    assert capsys.readouterr().out == f"{recording}: 你好\n" * 2


async def test_models_and_health(capsys: pytest.CaptureFixture[str]) -> None:
    states = {"captions": "READY", "asr": "UNAVAILABLE"}
    assert await run("models", "--json", peer=Peer(states=states)) == 0
    (asr, captions) = json.loads(capsys.readouterr().out)["models"]
    assert (asr["name"], asr["ready"], asr["reason"]) == ("asr", False, "no such file")
    assert (captions["name"], captions["ready"]) == ("captions", True)
    assert await run("models", peer=Peer(states=states)) == 0
    assert "UNAVAILABLE  no such file" in capsys.readouterr().out
    assert await run("health", "--json", peer=Peer(states=states)) == 1
    health = json.loads(capsys.readouterr().out)
    assert not health["ok"]
    assert {model["name"]: model["ok"] for model in health["models"]} == {"asr": False, "captions": True}
    assert await run("health") == 0
    assert "yes" in capsys.readouterr().out
    assert await run("health", peer=Peer(states={})) == 1


async def overloaded(request: Request, send: Send) -> None:
    await send(failure(request.id, "overloaded", "4 rooms are open, all it takes"))


async def test_exit_codes_and_errors_on_one_line(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await run("captions", recording, peer=Peer(overloaded)) == 4
    out, error = capsys.readouterr()
    assert out == ""
    assert error == "liveroom: the server is overloaded, try again later: 4 rooms are open, all it takes\n"
    assert await run("captions", recording, "--json", peer=Peer(overloaded)) == 4
    assert json.loads(capsys.readouterr().err)["code"] == "overloaded"
    missing = Peer()
    missing.failures = [(grpc.StatusCode.NOT_FOUND, "Request for unknown model: 'asr' is not found")]
    assert await run("transcribe", recording, recording, peer=missing) == 3
    assert len(missing.unary) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_errors_without_a_server(recording: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--url", "127.0.0.1:1"]) == 3
    assert "start one with `python -m server`" in capsys.readouterr().err
    assert main(["captions", "absent.wav"]) == 1
    assert main(["captions", recording, "--out", "/nowhere/out.srt"]) == 1
    assert "No such file or directory: '/nowhere/out.srt'" in capsys.readouterr().err
    assert main(["captions", recording, "--sample-rate", "8000"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["captions"],
        ["captions", "a.wav", "--microphone"],
        ["captions", "a.wav", "--pace", "-1"],
        ["captions", "a.wav", "--chunk-ms", "5000"],
        ["transcribe"],
    ],
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: liveroom")


def test_help_documents_exit_codes_and_the_environment_names_the_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ([], ["captions"], ["transcribe"], ["models"], ["health"]):
        with pytest.raises(SystemExit, match="0"):
            main([*command, "--help"])
        text = capsys.readouterr().out
        assert "130  interrupted with Ctrl-C" in text
    monkeypatch.setenv("LIVEROOM_URL", "127.0.0.1:2")
    assert main(["health"]) == 3
    assert "127.0.0.1:2" in capsys.readouterr().err


async def after_a_line(*arguments: str) -> tuple[int, bytes]:
    """The exit code and stderr of `liveroom` with a reader that goes away after one line."""
    process = await asyncio.create_subprocess_exec(
        *LIVEROOM, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stdout.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]  # asyncio has no public way
    error = await asyncio.wait_for(process.stderr.read(), 30)
    return await process.wait(), error


def test_a_reader_that_goes_away_is_no_error(recording: str) -> None:
    async def serve_and_read() -> tuple[int, bytes]:
        async with Peer(speaker).listening() as url:
            return await after_a_line("captions", recording, "--json", "--pace", "2", "--url", url)

    assert asyncio.run(serve_and_read()) == (141, b"")


async def test_a_bar_on_the_terminal_takes_nothing_from_a_file(recording: str, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    async with Peer(speaker).listening() as url:
        ours, theirs = pty.openpty()
        with out.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *LIVEROOM, *("transcribe", recording, "--url", url), stdout=file, stderr=theirs
            )
        os.close(theirs)
        shown = await asyncio.to_thread(_all, ours)
        assert await process.wait() == 0
    assert out.read_text("utf-8").strip()
    assert out.read_text("utf-8").strip() not in shown.decode()


def _all(terminal: int) -> bytes:
    """What comes until the other side has been closed."""
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:  # how Linux says so
        pass
    os.close(terminal)
    return shown
