"""`liveroom studio`: a picture or a video with a new background, smoother skin, stickers, or hidden faces."""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Sequence
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
from ._exit import OK, UNSURE
from ._pictures import FORMATS, is_video, picture_format
from ._progress import seconds_bar
from ._report import note, note_if_animated
from ._video import VideoFile
from ._video_out import writing


async def studio(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if is_video(arguments.file) != is_video(arguments.out):
        raise InvalidInput(f"{arguments.file} and {arguments.out}: expected two pictures or two videos")
    effects, background = _effects(arguments)
    if arguments.gallery and not effects.anonymize:
        raise InvalidInput(
            "--gallery says whose faces --anonymize leaves alone: expected --anonymize with it"
        )
    keep_apart(arguments.out, arguments.file, arguments.gallery, background)
    enrolled = Gallery.load(arguments.gallery) if arguments.gallery else None
    async with connect(arguments) as client:
        if is_video(arguments.file):
            unsure = await _video(client, arguments, effects, background, enrolled)
        else:
            effects = replace(effects, format=_format(arguments.file, arguments.out))
            edited = await client.edit_image(
                arguments.file, effects, background=background, enrolled=enrolled
            )
            with replacing(Path(arguments.out)) as part:
                part.write_bytes(edited)
            unsure = [0.0] if edited.doubt else []
            note_if_animated(arguments.file, as_json=arguments.json)
    return _told(arguments, unsure)


def _told(arguments: argparse.Namespace, unsure: Sequence[float]) -> int:
    """Says of which frames, by their seconds, it is not sure that no face is left. The exit code."""
    weak = 0 < arguments.anonymize < 1
    if arguments.json:
        seconds = {"unsure": [round(pts, 4) for pts in unsure]} if is_video(arguments.file) else {}
        line = {"file": arguments.file, "out": arguments.out, "sure": not unsure and not weak, **seconds}
        print(json.dumps(line, ensure_ascii=False), flush=True)
    if weak:
        print(
            f"{arguments.file}: at a strength of {arguments.anonymize:g} people can be recognized: look at"
            f" {arguments.out} before you show it; --anonymize alone, a strength of 1, hides them",
            file=sys.stderr,
        )
    if not unsure:
        return UNSURE if weak else OK
    where = "something in it"
    if is_video(arguments.file):
        frames = "1 frame" if len(unsure) == 1 else f"{len(unsure)} frames from {unsure[0]:.2f} s"
        where = f"in {frames} {'to' if len(unsure) > 1 else 'at'} {unsure[-1]:.2f} s something"
    print(
        f"{arguments.file}: {where} may be a face and is not covered: look at {arguments.out}"
        " before you show it",
        file=sys.stderr,
    )
    return UNSURE


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
) -> list[float]:
    """Frame by frame in a room of its own, as raw RGB both ways: nothing is lost between two codecs.

    The seconds of the frames that may show somebody.
    """
    unsure = []
    effects = replace(effects, format="ppm")
    room = client.studio_room(f"studio-{uuid.uuid4().hex}", effects, background=background, enrolled=enrolled)
    with seconds_bar(quiet=arguments.json) as bar, VideoFile(arguments.file) as video:
        task = bar.add_task(Path(arguments.file).name, total=video.seconds)
        with writing(arguments.out, video) as writer:
            async with room:
                for frame in video.frames(writer):
                    edited = await room.edit_frame(frame.pixels)
                    if edited.doubt:
                        unsure.append(frame.pts)
                    writer.frame(frame, pixels_of_ppm(edited))
                    bar.update(task, completed=frame.pts)
    for text in writer.notes():
        note(text, as_json=arguments.json)
    return unsure
