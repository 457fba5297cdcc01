"""`liveroom captions`: a file, a pipe or a microphone as a live room."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from types import TracebackType
from typing import TextIO

from rich.console import Console

from .._config import DEFAULT_SAMPLE_RATE
from .._errors import InvalidInput, LiveroomError
from .._files import keep_apart
from .._play import Audio, Chunks
from .._types import Caption
from ..subtitles import SrtWriter, SubtitleWriter, VttWriter
from ._connect import connect
from ._exit import OK
from ._output import text_output
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
    """Run the command. What was heard before something went wrong is written, and then that is said."""
    chunk_s = arguments.chunk_ms / 1000
    live = arguments.microphone or arguments.file == "-"
    if arguments.json and arguments.format != "text":
        raise InvalidInput(f"--json and --format {arguments.format} were given: expected one of them")
    if arguments.out:
        keep_apart(arguments.out, None if arguments.microphone else 0 if live else arguments.file)
    audio, rate, pace = _source(arguments, chunk_s)
    failure: BaseException | None = None
    async with connect(arguments) as client:
        with text_output(arguments.out, live=live) as output, Writers(arguments, output) as writers:
            events = client.captions(
                audio,
                rate,
                room_id=arguments.room,
                language=arguments.language,
                denoise=arguments.denoise,
                pace=pace,
                chunk_s=chunk_s,
            )
            try:
                async with aclosing(events):
                    async for caption in events:
                        writers.write(caption)
            except (LiveroomError, asyncio.CancelledError) as error:
                if not writers.begun:
                    raise
                failure = error
            writers.begin()  # that nobody spoke is a result too
    if failure:
        raise failure
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


class Writers:
    """Where captions go: the output, and a live view on whatever terminal the output leaves free.

    Args:
        arguments: of the command.
        output: opens it, when there is the first caption.
    """

    def __init__(self, arguments: argparse.Namespace, output: Callable[[], TextIO]) -> None:
        self._arguments = arguments
        self._output = output
        self._writers: list[SubtitleWriter] = []
        self._views = ExitStack()

    @property
    def begun(self) -> bool:
        """Whether there has been a caption."""
        return bool(self._writers)

    def write(self, caption: Caption) -> None:
        """Write it everywhere."""
        self.begin()
        for writer in self._writers:
            writer.write(caption)

    def begin(self) -> None:
        """Open everything, unless it is open."""
        if self._writers:
            return
        out = self._output()
        if self._arguments.json:
            self._writers = [JsonWriter(out)]
        elif out.isatty() and self._arguments.format == "text":
            self._writers = [self._views.enter_context(CaptionView(Console()))]
        else:
            self._writers = [FORMATS[self._arguments.format](out)]
            if sys.stderr.isatty() and not out.isatty():
                self._writers.append(self._views.enter_context(CaptionView(Console(stderr=True))))

    def __enter__(self) -> Writers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._views.close()
