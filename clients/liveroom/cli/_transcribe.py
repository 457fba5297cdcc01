"""`liveroom transcribe`: the text of recordings."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from rich.progress import Progress

from .._audio import AudioFile
from .._client import AsyncClient
from .._errors import DamagedFile
from .._types import Caption
from ._connect import connect
from ._progress import seconds_bar
from ._report import each_file, visible


async def transcribe(arguments: argparse.Namespace) -> int:
    """Run the command: files that fail are reported, the others still done."""
    async with connect(arguments) as client:
        with seconds_bar(quiet=arguments.json) as bar:

            async def one(path: str) -> None:
                await _transcribe_file(client, path, arguments, bar)

            return await each_file(arguments.files, one, as_json=arguments.json)


async def _transcribe_file(
    client: AsyncClient, path: str, arguments: argparse.Namespace, bar: Progress
) -> None:
    began = time.monotonic()
    with AudioFile(path) as file:
        task = bar.add_task(visible(Path(path).name), total=file.duration or None)

    def heard(caption: Caption) -> None:
        bar.update(task, completed=caption.pts_end)

    damage: DamagedFile | None = None
    try:
        transcript = await client.transcribe(path, language=arguments.language, on_caption=heard)
    except DamagedFile as error:
        if error.transcript is None:
            raise
        transcript, damage = error.transcript, error
    finally:
        bar.remove_task(task)
    if arguments.json:
        line = json.dumps(
            {
                "file": path,
                "text": transcript.text,
                "language": transcript.language,
                "duration_s": round(transcript.duration, 3),
                "elapsed_s": round(time.monotonic() - began, 3),
            },
            ensure_ascii=False,
        )
    else:
        line = f"{path}: {transcript.text}" if len(arguments.files) > 1 else transcript.text
    print(line, flush=True)
    if damage:
        raise damage
