"""What the commands for pictures look like."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .._faces import DETECTORS
from .._gallery import THRESHOLD
from . import _gallery
from ._studio import studio
from ._vision import vision

Add = Callable[..., argparse.ArgumentParser]
"""`add_parser`, with what every command has."""


def add_picture_commands(add: Add, common: argparse.ArgumentParser) -> None:
    """Declare `vision`, `studio` and `gallery`."""
    _add_vision(add, common)
    _add_studio(add, common)
    _add_gallery(add, common)


def _add_vision(add: Add, common: argparse.ArgumentParser) -> None:
    command = add(
        "vision",
        parents=[common],
        help="find faces in pictures and videos: who, where, with what expression",
        description="Find faces in pictures (JPEG, PNG, WebP, AVIF, PPM) and videos: where they are, their\n"
        "expressions, who they are if a gallery knows, and whether the picture is safe to show.\n"
        "A bad file does not stop the others. With --json a picture is one object on a line,\n"
        "a video one per frame, with its pts in seconds; places are in pixels of the upright picture.",
    )
    command.add_argument(
        "files", nargs="+", metavar="FILE", help="picture, or video by its ending (.mp4 ...)"
    )
    command.add_argument(
        "--out",
        metavar="FILE",
        help="draw boxes, landmarks and labels there, small pictures enlarged; a video keeps its sound",
    )
    command.add_argument(
        "--gallery",
        metavar="NPZ",
        help="put names on faces; see `liveroom gallery`",
    )
    command.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="DISTANCE",
        help=f"of embeddings, 0 to 2, below which a face gets a name (default: {THRESHOLD:g})",
    )
    command.add_argument("--detector", choices=DETECTORS, help="what finds faces (default: the server's)")
    command.add_argument("--meshes", action="store_true", help="468 points of every face too")
    command.add_argument("--font", metavar="TTF", help="draw labels with it (default: one that has the name)")
    command.set_defaults(run=vision)


def _add_studio(add: Add, common: argparse.ArgumentParser) -> None:
    command = add(
        "studio",
        parents=[common],
        help="edit a picture or a video: background, skin, stickers, hidden faces",
        description="Edit a picture or a video. Strengths go from 0, which does nothing, to 1.\n"
        "A video keeps its sound, and its matte is steadied from frame to frame.\n"
        "Where --anonymize leaves something bare that may be a face it says so on stderr, with the times of\n"
        "a video, and ends with 5, as with a strength below 1. With --json one line says it too.",
    )
    command.add_argument("file", metavar="FILE", help="picture, or video by its ending (.mp4 ...)")
    command.add_argument("--out", metavar="FILE", required=True, help="where the result goes")
    command.add_argument(
        "--background", metavar="blur|PICTURE", help="blur what is behind people, or put a picture there"
    )
    for name, default, does in (
        ("background-strength", 1.0, "of the background's effect"),
        ("smooth", 0.0, "smooth skin"),
        ("brighten", 0.0, "brighten skin"),
        ("sticker-strength", 1.0, "how opaque the sticker is"),
    ):
        command.add_argument(
            f"--{name}",
            type=strength,
            metavar="STRENGTH",
            default=default,
            help=f"{does} (default: {default:g})",
        )
    command.add_argument("--sticker", metavar="NAME", help="put it on every face; a wrong name lists them")
    command.add_argument(
        "--anonymize",
        type=strength,
        metavar="STRENGTH",
        nargs="?",
        const=1.0,
        default=0.0,
        help="hide every face that --gallery does not know (default: 0; without a number: 1, and less hides"
        " nobody for sure)",
    )
    command.add_argument("--gallery", metavar="NPZ", help="whose faces --anonymize leaves alone")
    command.set_defaults(run=studio)


def _add_gallery(add: Add, common: argparse.ArgumentParser) -> None:
    command = add(
        "gallery",
        help="enroll people by photos, forget them, list them",
        description="Keep a file of people: the embeddings of their faces, never pictures. It is biometric\n"
        "data, readable by its owner alone. Removing a person removes all of them from the file.",
    )
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    file = argparse.ArgumentParser(add_help=False)
    file.add_argument("file", metavar="NPZ", help="the gallery")
    name = argparse.ArgumentParser(add_help=False)
    name.add_argument("name", metavar="NAME")
    adding = actions.add_parser(
        "add", parents=[common, file, name], help="enroll a person; makes the file if there is none"
    )
    adding.add_argument("photos", nargs="+", metavar="PHOTO", help="shows this person alone")
    adding.add_argument("--more", action="store_true", help="further photos of one who is enrolled already")
    adding.set_defaults(run=_gallery.add)
    removing = actions.add_parser("remove", parents=[common, file, name], help="forget a person")
    removing.set_defaults(run=_gallery.remove)
    listing = actions.add_parser("list", parents=[common, file], help="everyone, and how many photos")
    listing.set_defaults(run=_gallery.show)


def strength(text: str) -> float:
    """`text` as a strength; argparse names this function where it is none."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not 0 to 1")
    return value
