"""`liveroom studio`: a picture or a video with a new background, smoother skin, stickers, or hidden faces."""

from __future__ import annotations

import argparse
import uuid
from dataclasses import replace
from pathlib import Path
from typing import cast

from .._client import AsyncClient
from .._effects import Effects, Format
from .._errors import InvalidInput
from .._files import keep_apart, replacing
from .._gallery import Gallery
from .._picture import pixels_of_ppm
from ._connect import connect
from ._exit import OK
from ._pictures import FORMATS, is_video, picture_format
from ._progress import seconds_bar
from ._report import note
from ._video import VideoFile
from ._video_out import writing


async def studio(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if is_video(arguments.file) != is_video(arguments.out):
        raise InvalidInput(f"{arguments.file} and {arguments.out}: expected two pictures or two videos")
    effects, background = _effects(arguments)
    keep_apart(arguments.out, arguments.file, arguments.gallery, background)
    enrolled = Gallery.load(arguments.gallery) if arguments.gallery else None
    async with connect(arguments) as client:
        if is_video(arguments.file):
            await _video(client, arguments, effects, background, enrolled)
        else:
            effects = replace(effects, format=_format(arguments.file, arguments.out))
            edited = await client.studio(arguments.file, effects, background=background, enrolled=enrolled)
            with replacing(Path(arguments.out)) as part:
                part.write_bytes(edited)
    return OK


def _effects(arguments: argparse.Namespace) -> tuple[Effects, str | None]:
    """The effects, and the picture for the background if there is one."""
    blurred = arguments.background == "blur"
    picture = None if blurred else arguments.background
    strength = arguments.background_strength
    effects = Effects(
        blur=strength if blurred else 0.0,
        replace=strength if picture else 0.0,
        smooth=arguments.smooth,
        brighten=arguments.brighten,
        sticker=arguments.sticker,
        sticker_strength=arguments.sticker_strength,
        anonymize=arguments.anonymize,
    )
    return effects, picture if effects.replace else None


def _format(file: str, out: str) -> Format:
    """What `out` ends with; "same" where `file` ends so too, as the server can leave that untouched."""
    form = picture_format(out)
    same = FORMATS.get(Path(file).suffix.lower()) == form
    return "same" if same else cast(Format, form)


async def _video(
    client: AsyncClient,
    arguments: argparse.Namespace,
    effects: Effects,
    background: str | None,
    enrolled: Gallery | None,
) -> None:
    """Frame by frame in a room of its own, as raw RGB both ways: nothing is lost between two codecs."""
    effects = replace(effects, format="ppm")
    room = client.studio_room(f"studio-{uuid.uuid4().hex}", effects, background=background, enrolled=enrolled)
    with seconds_bar(quiet=arguments.json) as bar, VideoFile(arguments.file) as video:
        task = bar.add_task(Path(arguments.file).name, total=video.seconds)
        with writing(arguments.out, video) as writer:
            async with room:
                for frame in video.frames(writer):
                    edited = await room.frame(frame.pixels)
                    writer.frame(frame, pixels_of_ppm(edited))
                    bar.update(task, completed=frame.pts)
    for text in writer.notes():
        note(text, as_json=arguments.json)
