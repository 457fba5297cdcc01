"""`liveroom say`: a text as speech, in a file, from the loudspeakers, or on stdout as it comes."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, aclosing, contextmanager, suppress
from pathlib import Path
from typing import IO

from .._errors import InvalidInput
from .._files import naming, replacing, written_directly
from .._speak import Speech, SpokenWord
from ._connect import connect
from ._exit import OK, WrongUsage
from ._progress import seconds_bar
from ._report import note
from ._sources import existing, stdin_text

_PLAYERS = (
    (
        "ffplay",
        "-autoexit",
        "-nodisp",
        "-loglevel",
        "error",
        "-f",
        "s16le",
        "-ar",
        "{rate}",
        "-ch_layout",
        "mono",
        "-",
    ),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate}"),
    ("paplay", "--raw", "--format=s16le", "--channels=1", "--rate={rate}"),
    ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "{rate}", "-"),
)
"""Programs that play raw samples which come in by a pipe."""


RATE = 24_000
"""Hz of the speech, which is told before there is any."""


async def say(arguments: argparse.Namespace) -> int:
    """Run the command. Where the speech is to go is checked before there is any."""
    _check(arguments)
    player = _found_player() if arguments.play else None
    text = await stdin_text("a text") if arguments.text == "-" else arguments.text
    lexicon = _lexicon(arguments.lexicon)
    began = time.monotonic()
    first: float | None = None
    words: list[SpokenWord] = []
    end = 0.0
    with ExitStack() as outputs:
        sinks = [_Writer(outputs.enter_context(each)) for each in _sinks(arguments.out, player)]
        bar = outputs.enter_context(seconds_bar(quiet=arguments.json))
        task = bar.add_task("spoken", total=None)
        async with (
            connect(arguments) as client,
            aclosing(
                client.speak(
                    text,
                    voice=arguments.voice,
                    speed=arguments.speed,
                    pauses=arguments.pauses,
                    lexicon=lexicon,
                )
            ) as pieces,
        ):
            async for piece in pieces:
                first = time.monotonic() - began if first is None else first
                for write in sinks:
                    write(piece)
                words += piece.words
                end = piece.end
                bar.update(task, completed=end)
    if arguments.json:
        line = {
            "file": arguments.out,
            "duration_s": round(end, 3),
            "first_audio_s": round(first or 0.0, 3),
            "words": [
                {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
                for word in words
            ],
        }
        print(json.dumps(line, ensure_ascii=False), flush=True)
    elif arguments.out and arguments.out != "-":
        note(f"{arguments.out}: {end:.2f} s, the first audio after {first or 0.0:.2f} s", as_json=False)
    return OK


def _check(arguments: argparse.Namespace) -> None:
    """Raises WrongUsage where the speech can't go where it is to go."""
    out = arguments.out
    if not out and not arguments.play:
        raise WrongUsage("where to? expected --out FILE.wav, --out - for raw samples into a pipe, or --play")
    if arguments.json and out == "-":
        raise WrongUsage("--json and --out - would both write to stdout: expected --out FILE.wav")
    if out == "-" and sys.stdout.isatty():
        raise WrongUsage(
            "stdout is a terminal: expected a pipe after --out -, such as | aplay -t raw -f S16_LE -r 24000;"
            " or --out FILE.wav, or --play"
        )
    if out and out != "-" and Path(out).suffix.lower() != ".wav" and not written_directly(Path(out)):
        raise WrongUsage(f"{out} does not end with .wav, which is what is written: expected FILE.wav, or -")


def _lexicon(path: str | None) -> dict[str, str] | None:
    """The readings in a file.

    Raises:
        InvalidInput: it is not JSON, or no object of texts.
        OSError: it can't be read.
    """
    if path is None:
        return None
    file = existing(path)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidInput(f'{path} is not JSON ({error}): expected {{"重庆": "chong2 qing4"}}') from error
    if not isinstance(found, dict) or not all(isinstance(reading, str) for reading in found.values()):
        raise InvalidInput(f'{path} has no readings by word: expected {{"重庆": "chong2 qing4"}}')
    return found


class _Writer:
    """Writes the samples of speech somewhere."""

    def __init__(self, file: IO[bytes] | wave.Wave_write) -> None:
        self._file = file

    def __call__(self, piece: Speech) -> None:
        data = piece.samples.astype("<i2").tobytes()
        if isinstance(self._file, wave.Wave_write):
            if not self._file.tell():
                self._file.setframerate(piece.sample_rate)
            self._file.writeframes(data)
        else:
            self._file.write(data)
            self._file.flush()


def _sinks(
    out: str | None, player: Sequence[str] | None
) -> Iterator[AbstractContextManager[IO[bytes] | wave.Wave_write]]:
    """Whatever is to have the samples."""
    if out == "-":
        yield _stdout()
    elif out:
        yield _wave(Path(out))
    if player:
        yield _playing(player)


@contextmanager
def _stdout() -> Iterator[IO[bytes]]:
    with naming(Path("stdout")):
        yield sys.stdout.buffer


@contextmanager
def _wave(path: Path) -> Iterator[wave.Wave_write]:
    """A WAV file, which is there, whole, once all has been spoken."""
    with replacing(path) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        yield file


def _found_player() -> list[str]:
    """The command of a program that plays what is written to it. Raises InvalidInput: there is none."""
    command = next((player for player in _PLAYERS if shutil.which(player[0])), None)
    if command is None:
        names = ", ".join(player[0] for player in _PLAYERS)
        raise InvalidInput(f"nothing to play with: install one of {names}, or say --out FILE.wav")
    return [part.format(rate=RATE) for part in command]


@contextmanager
def _playing(command: Sequence[str]) -> Iterator[IO[bytes]]:
    """The stdin of a player, which is waited for, and stopped where something else goes wrong.

    Raises:
        InvalidInput: it failed.
    """
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:  # it says itself why, and its exit code is seen below
            with suppress(BrokenPipeError):
                process.stdin.close()
            if not process.wait():
                raise
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise InvalidInput(f"{command[0]} failed with exit code {process.returncode}: try --out FILE.wav")
