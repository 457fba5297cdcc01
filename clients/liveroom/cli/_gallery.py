"""`liveroom gallery`: who is enrolled in a file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .._files import keep_apart
from .._gallery import Gallery
from ._connect import connect
from ._exit import OK


async def add(arguments: argparse.Namespace) -> int:
    """Enroll a person, in a new file if there is none."""
    keep_apart(arguments.file, *arguments.photos)
    gallery = Gallery.load(arguments.file) if Path(arguments.file).exists() else Gallery()
    async with connect(arguments) as client:
        await client.enroll(gallery, arguments.name, *arguments.photos, more=arguments.more)
    gallery.save(arguments.file)
    return _said(arguments, gallery)


async def remove(arguments: argparse.Namespace) -> int:
    """Forget a person."""
    gallery = Gallery.load(arguments.file)
    gallery.remove(arguments.name)
    gallery.save(arguments.file)
    return _said(arguments, gallery)


async def show(arguments: argparse.Namespace) -> int:
    """List everyone."""
    return _said(arguments, Gallery.load(arguments.file))


def _said(arguments: argparse.Namespace, gallery: Gallery) -> int:
    """Everyone who is enrolled now, with the number of their photos."""
    people = [{"name": name, "photos": gallery.photos(name)} for name in gallery.names]
    if arguments.json:
        print(json.dumps({"file": arguments.file, "people": people}, ensure_ascii=False))
    else:
        for person in people:
            print(f"{person['name']}\t{person['photos']}")
    return OK
