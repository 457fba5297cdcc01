"""`liveroom vision`: what pictures and videos show."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .._client import AsyncClient
from .._errors import InvalidInput
from .._faces import Face, Vision
from .._files import keep_apart
from .._gallery import Gallery
from ._connect import connect
from ._draw import Annotator, label
from ._pictures import is_video, load, picture_format, save
from ._progress import seconds_bar
from ._report import each_file, note, note_if_animated
from ._video import Frame, VideoFile
from ._video_out import VideoWriter, writing

AT_ONCE = 4
"""Frames of a video that are looked at at the same time, so that they share batches."""


async def vision(arguments: argparse.Namespace) -> int:
    """Run the command: files that fail are reported, the others still done."""
    if arguments.out and len(arguments.files) > 1:
        raise InvalidInput(f"--out is one file, and there are {len(arguments.files)} to look at")
    if arguments.out:
        keep_apart(arguments.out, *arguments.files, arguments.gallery)
    gallery = Gallery(threshold=arguments.threshold)  # which knows nobody
    if arguments.gallery:
        gallery = Gallery.load(arguments.gallery, threshold=arguments.threshold)
    async with connect(arguments) as client:

        async def look(path: str) -> None:
            await (_video if is_video(path) else _picture)(client, path, gallery, arguments)

        return await each_file(arguments.files, look, as_json=arguments.json)


async def _picture(client: AsyncClient, path: str, gallery: Gallery, arguments: argparse.Namespace) -> None:
    if arguments.out:
        picture_format(arguments.out)
    seen = await client.analyze_image(path, detector=arguments.detector, meshes=arguments.meshes)
    seen = replace(seen, faces=gallery.named(seen.faces))
    note_if_animated(path, as_json=arguments.json)
    if arguments.out:
        pixels = load(path)
        annotator = Annotator(pixels.shape[1], pixels.shape[0], arguments.font)
        save(arguments.out, annotator.draw(pixels, seen.faces))
        _explain(annotator)
    file = {"file": path} if len(arguments.files) > 1 else {}
    if arguments.json:
        print(json.dumps(file | as_json(seen), ensure_ascii=False), flush=True)
    else:
        _show(path, seen, with_names=bool(arguments.gallery))


async def _video(client: AsyncClient, path: str, gallery: Gallery, arguments: argparse.Namespace) -> None:
    file = {"file": path} if len(arguments.files) > 1 else {}
    names: Counter[str] = Counter()
    expressions: Counter[str] = Counter()
    count = 0
    with seconds_bar(quiet=arguments.json) as bar, VideoFile(path) as video:
        task = bar.add_task(Path(path).name, total=video.seconds)
        with _output(arguments, video) as writer:
            annotator: Annotator | None = None
            looked = _looks(client, video, writer, arguments)
            async with aclosing(looked):
                async for frame, found in looked:
                    seen = replace(found, faces=gallery.named(found.faces))
                    if arguments.json:
                        line = {**file, "pts": round(frame.pts, 4), **as_json(seen)}
                        print(json.dumps(line, ensure_ascii=False), flush=True)
                    if writer:
                        annotator = annotator or Annotator(seen.width, seen.height, arguments.font)
                        writer.frame(frame, annotator.draw(frame.pixels, seen.faces))
                    count += 1
                    names.update(face.name or "unknown" for face in seen.faces)
                    expressions.update(face.top_expression for face in seen.faces)
                    bar.update(task, completed=frame.pts)
            if annotator:
                _explain(annotator)
    for text in writer.notes() if writer else []:
        note(text, as_json=arguments.json)
    if not arguments.json:
        named = f"; names: {_counts(names)}" if arguments.gallery else ""
        faces = f"{names.total()} faces; expressions: {_counts(expressions)}{named}"
        print(f"{path}: {count} frames, {faces}")


@contextmanager
def _output(arguments: argparse.Namespace, video: VideoFile) -> Iterator[VideoWriter | None]:
    if not arguments.out:
        yield None
        return
    if not is_video(arguments.out):
        raise InvalidInput(f"{arguments.out} is no video: expected an ending such as .mp4")
    with writing(arguments.out, video) as writer:
        yield writer


async def _looks(
    client: AsyncClient, video: VideoFile, writer: VideoWriter | None, arguments: argparse.Namespace
) -> AsyncGenerator[tuple[Frame, Vision], None]:
    """Every frame with what it shows, in their order, a few looked at ahead."""
    ahead: deque[tuple[Frame, asyncio.Task[Vision]]] = deque()
    try:
        for frame in video.frames(writer):
            call = client.analyze_image(frame.pixels, detector=arguments.detector, meshes=arguments.meshes)
            ahead.append((frame, asyncio.create_task(call)))
            await asyncio.sleep(0)
            if len(ahead) == AT_ONCE:
                first, looking = ahead.popleft()
                yield first, await looking
        while ahead:
            first, looking = ahead.popleft()
            yield first, await looking
    finally:
        for _, looking in ahead:
            looking.cancel()
        await asyncio.gather(*(looking for _, looking in ahead), return_exceptions=True)


def as_json(seen: Vision) -> dict[str, object]:
    """What `--json` prints of a picture; places to a tenth of a pixel."""
    return {
        "width": seen.width,
        "height": seen.height,
        "faces": [_face_as_json(face) for face in seen.faces],
        "nsfw": round(seen.nsfw, 4),
    }


def _face_as_json(face: Face) -> dict[str, object]:
    said: dict[str, object] = {
        "box": [round(edge, 1) for edge in face.box],
        "score": round(face.score, 4),
        "landmarks": [[round(x, 1), round(y, 1)] for x, y in face.landmarks],
        "expression": {name: round(value, 4) for name, value in face.expression.items()},
        "name": face.name,
    }
    if face.mesh is not None:
        said["mesh"] = [[round(value, 1) for value in point] for point in face.mesh.tolist()]
    return said


def _show(path: str, seen: Vision, *, with_names: bool) -> None:
    print(f"{path}: {seen.width} x {seen.height}, {len(seen.faces)} faces, nsfw {seen.nsfw:.3f}")
    if not seen.faces:
        return
    table = Table("score", "expression", "box", *(["name"] if with_names else []), box=None)
    for face in seen.faces:
        box = ", ".join(f"{edge:.0f}" for edge in face.box)
        name = [escape(face.name or "unknown")] if with_names else []
        table.add_row(f"{face.score:.2f}", label(face, None), box, *name)
    Console().print(table)


def _explain(annotator: Annotator) -> None:
    for name, number in annotator.legend.items():
        print(f"liveroom: {number} in the picture is {name}: no font here can draw that", file=sys.stderr)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "none"
