"""`liveroom mood`: how voices in recordings sound, segment by segment."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import Progress
from rich.text import Text

from .._audio import AudioFile, Samples
from .._client import AsyncClient
from .._errors import DamagedFile, LiveroomError
from .._voice_mood import Baseline, VoiceMood
from ._connect import connect
from ._exit import FAILED
from ._progress import seconds_bar
from ._report import each_file, note, report, visible
from ._view import Lines

WHOLE_S = 15.0
"""Seconds of a file up to which it is one segment; longer ones are cut where captions are."""
CHUNK_S = 0.5


@dataclass(frozen=True)
class Segment:
    """A piece of a file, in seconds; `text` is None where nothing was heard of it yet."""

    file: str
    start: float
    end: float
    text: str | None


async def mood(arguments: argparse.Namespace) -> int:
    """Run the command: files that fail are reported, the others still done."""
    async with connect(arguments) as client:
        with seconds_bar(quiet=arguments.json) as bar:
            speaker = _Speaker(client, arguments, bar)

            async def one(path: str) -> None:
                await speaker.hear(path)

            code = await each_file(arguments.files, one, as_json=arguments.json)
            if arguments.speaker:
                try:
                    await speaker.tell()
                except LiveroomError as error:
                    report(error, as_json=arguments.json)
                    code = FAILED
            return code


class _Speaker:
    """Whoever speaks: one person where there is a name, and then all of it counts for each segment.

    Without a name each file has a speaker of its own, and a segment is compared with those before it.
    """

    def __init__(self, client: AsyncClient, arguments: argparse.Namespace, bar: Progress) -> None:
        self._client = client
        self._arguments = arguments
        self._bar = bar
        self._baseline: Baseline | None = None
        self._heard: list[Segment] = []
        self._lines = Lines()

    async def hear(self, path: str) -> None:
        """One file."""
        if not self._arguments.speaker:
            self._baseline = None
        segments, damage = await self._segments(path)
        known = False
        for segment in segments:
            found = await self._ask(segment)
            self._baseline = found.baseline
            known |= found.is_known
            if self._arguments.speaker:
                self._heard.append(Segment(path, segment.start, segment.end, found.text))
            elif found.is_known:
                self._print(segment, found)
        if not known and not damage:
            note(f"{path}: no mood was heard, for lack of a voice", as_json=self._arguments.json)
        if damage:
            raise damage

    async def tell(self) -> None:
        """All segments again, now that the speaker is known."""
        task = self._bar.add_task("with the speaker known", total=sum(s.end - s.start for s in self._heard))
        for segment in self._heard:
            found = await self._ask(segment)
            self._bar.advance(task, segment.end - segment.start)
            if found.is_known:
                self._print(segment, found)

    def _print(self, segment: Segment, found: VoiceMood) -> None:
        if self._arguments.json:
            print(json.dumps(_told(segment, found), ensure_ascii=False), flush=True)
            return
        span = f"{segment.start:7.1f} -{segment.end:6.1f}"
        numbers = f"arousal {found.arousal:.2f}  valence {found.valence:+.2f}"
        self._lines.print(
            Text(f"{visible(segment.file)} {span}  "), Text(f"{numbers}  {visible(found.text)}")
        )

    async def _ask(self, segment: Segment) -> VoiceMood:
        samples, rate, _ = _read(segment.file, segment.start, segment.end)
        return await self._client.voice_mood(
            samples, rate, text=segment.text, language=self._arguments.language, baseline=self._baseline
        )

    async def _segments(self, path: str) -> tuple[list[Segment], DamagedFile | None]:
        """Where it is to be cut, and what of it can't be read."""
        samples, rate, damage = _read(path, 0.0, WHOLE_S + CHUNK_S)
        seconds = len(samples) / rate
        if seconds <= WHOLE_S:
            return [Segment(path, 0.0, seconds, None)] if seconds else [], damage
        task = self._bar.add_task(visible(Path(path).name), total=None)
        finals = []
        try:
            async for caption in self._client.captions(path, language=self._arguments.language):
                self._bar.update(task, completed=caption.pts_end)
                if caption.is_final:
                    finals.append(Segment(path, caption.pts_start, caption.pts_end, caption.text))
        except DamagedFile as error:
            damage = error
        finally:
            self._bar.remove_task(task)
        return finals, damage


def _read(path: str, start: float, end: float) -> tuple[Samples, int, DamagedFile | None]:
    """Samples from `start` to `end`, in seconds, their rate, and what can't be read before that."""
    with AudioFile(path) as file:
        rate, at = file.sample_rate, 0
        pieces = [np.zeros(0, np.float32)]
        first, last = round(start * rate), round(end * rate)
        try:
            for block in file.blocks(CHUNK_S):
                pieces.append(block[max(first - at, 0) : max(last - at, 0)])
                at += len(block)
                if at >= last:
                    break
        except DamagedFile as error:
            return np.concatenate(pieces), rate, error
    return np.concatenate(pieces), rate, None


def _told(segment: Segment, found: VoiceMood) -> dict[str, object]:
    return {
        "file": segment.file,
        "pts_start": round(segment.start, 3),
        "pts_end": round(segment.end, 3),
        "arousal": round(found.arousal, 4),
        "valence": round(found.valence, 4),
        "confidence": round(found.arousal_confidence, 4),
        "valence_confidence": round(found.valence_confidence, 4),
        "text": found.text,
    }
