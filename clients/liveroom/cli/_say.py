"""`liveroom say`: a text as speech, in a file, from the loudspeakers, or on stdout as it comes."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from .._errors import InvalidInput
from .._files import replacing
from .._speak import Speech, SpokenWord
from ._connect import connect
from ._exit import OK

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


async def say(arguments: argparse.Namespace) -> int:
    """Run the command."""
    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    if not arguments.out and not arguments.play:
        raise InvalidInput("where to? expected --out FILE.wav, --out - for raw samples on stdout, or --play")
    if arguments.json and arguments.out == "-":
        raise InvalidInput("--json and --out - would both write to stdout: expected --out FILE.wav")
    began = time.monotonic()
    first: float | None = None
    words: list[SpokenWord] = []
    end = 0.0
    with ExitStack() as outputs:
        sinks = []
        async with connect(arguments) as client:
            spoken = client.speak(
                text,
                voice=arguments.voice,
                speed=arguments.speed,
                pauses=arguments.pauses,
                lexicon=_lexicon(arguments.lexicon),
            )
            async for piece in spoken:
                if first is None:
                    first = time.monotonic() - began
                    sinks = list(_sinks(arguments, piece.sample_rate, outputs))
                for write in sinks:
                    write(piece)
                words += piece.words
                end = piece.end
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
        print(f"{arguments.out}: {end:.2f} s, the first audio after {first or 0.0:.2f} s", file=sys.stderr)
    return OK


def _lexicon(path: str | None) -> dict[str, str] | None:
    """The readings in a file.

    Raises:
        InvalidInput: it is not JSON, or no object of texts.
        OSError: it can't be read.
    """
    if path is None:
        return None
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
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
            self._file.writeframes(data)
        else:
            self._file.write(data)
            self._file.flush()


def _sinks(arguments: argparse.Namespace, rate: int, outputs: ExitStack) -> Iterator[_Writer]:
    """Whatever is to have the samples; opened when there are some."""
    if arguments.out == "-":
        yield _Writer(sys.stdout.buffer)
    elif arguments.out:
        yield _Writer(outputs.enter_context(_wave(Path(arguments.out), rate)))
    if arguments.play:
        yield _Writer(outputs.enter_context(_player(rate)))


@contextmanager
def _wave(path: Path, rate: int) -> Iterator[wave.Wave_write]:
    """A WAV file, which is there, whole, once all has been spoken."""
    with replacing(path) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        yield file


@contextmanager
def _player(rate: int) -> Iterator[IO[bytes]]:
    """A program that plays what is written to it.

    Raises:
        InvalidInput: there is none.
    """
    command = next((player for player in _PLAYERS if shutil.which(player[0])), None)
    if command is None:
        names = ", ".join(player[0] for player in _PLAYERS)
        raise InvalidInput(f"nothing to play with: install one of {names}, or say --out FILE.wav")
    with subprocess.Popen([part.format(rate=rate) for part in command], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - for the type checker
        yield process.stdin
        process.stdin.close()
