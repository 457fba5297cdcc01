"""`liveroom captions`: a file, a pipe or a microphone as a live room."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console

from .._config import DEFAULT_SAMPLE_RATE
from .._errors import InvalidInput
from .._play import Audio, Chunks
from .._types import Caption
from ..subtitles import SrtWriter, SubtitleWriter, VttWriter
from ._connect import connect
from ._exit import OK
from ._sources import microphone_chunks, stdin_chunks
from ._view import CaptionView


class TextWriter:
    """The text of every final caption on a line of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, caption: Caption) -> None:
        """Write it if it is final."""
        if caption.is_final:
            print(caption.text, file=self._out, flush=True)


class JsonWriter:
    """Every caption, partial ones too, as an object on a line of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, caption: Caption) -> None:
        """Write it."""
        print(json.dumps(dataclasses.asdict(caption), ensure_ascii=False), file=self._out, flush=True)


FORMATS: dict[str, Callable[[TextIO], SubtitleWriter]] = {
    "text": TextWriter,
    "srt": SrtWriter,
    "vtt": VttWriter,
}


async def captions(arguments: argparse.Namespace) -> int:
    """Run the command."""
    chunk_s = arguments.chunk_ms / 1000
    audio, rate, pace = _source(arguments, chunk_s)
    async with connect(arguments) as client:
        with _writers(arguments) as writers:
            events = client.captions(
                audio,
                rate,
                room_id=arguments.room,
                language=arguments.language,
                denoise=arguments.denoise,
                pace=pace,
                chunk_s=chunk_s,
            )
            async with aclosing(events):
                async for caption in events:
                    for writer in writers:
                        writer.write(caption)
    return OK


def _source(arguments: argparse.Namespace, chunk_s: float) -> tuple[Audio | Chunks, int | None, float]:
    """The audio, its sample rate where it doesn't say itself, and the pace: what is live has its own."""
    rate = arguments.sample_rate or DEFAULT_SAMPLE_RATE
    if arguments.microphone:
        return microphone_chunks(rate, chunk_s), rate, 0.0
    if arguments.file == "-":
        return stdin_chunks(rate, chunk_s), rate, 0.0
    if arguments.sample_rate:
        raise InvalidInput(f"--sample-rate is for stdin and the microphone: {arguments.file} says its own")
    return arguments.file, None, arguments.pace


@contextmanager
def _writers(arguments: argparse.Namespace) -> Iterator[list[SubtitleWriter]]:
    """Where captions go: the output, and a live view on whatever terminal the output leaves free."""
    with ExitStack() as stack:
        out = (
            stack.enter_context(Path(arguments.out).open("w", encoding="utf-8"))
            if arguments.out
            else sys.stdout
        )
        if arguments.json:
            yield [JsonWriter(out)]
        elif out.isatty() and arguments.format == "text":
            yield [stack.enter_context(CaptionView(Console()))]
        else:
            writers: list[SubtitleWriter] = [FORMATS[arguments.format](out)]
            if sys.stderr.isatty() and not out.isatty():
                writers.append(stack.enter_context(CaptionView(Console(stderr=True))))
            yield writers
