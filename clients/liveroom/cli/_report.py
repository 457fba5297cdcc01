"""Errors, on one line of stderr: a sentence for people, an object for machines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from .._audio import logger
from .._errors import LiveroomError, ModelUnavailable, ServerUnavailable
from ._exit import FAILED, OK
from ._pictures import is_animated


def report(error: Exception, *, as_json: bool, **about: str) -> None:
    """Say what went wrong; `about` adds fields, such as file="speech.wav"."""
    if as_json:
        if request_id := getattr(error, "request_id", ""):
            about["request_id"] = request_id
        event = {"kind": "error", "code": getattr(error, "code", "error"), "message": str(error), **about}
        line = json.dumps(event, ensure_ascii=False)
    else:
        sentence = " ".join(str(error).split())
        named = (what for what in about.values() if what not in sentence)
        line = visible(": ".join(["liveroom", *named, sentence]))
    print(line, file=sys.stderr, flush=True)


def visible(text: str) -> str:
    """Without what would move the cursor or change the terminal's colors."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def note(text: str, *, as_json: bool) -> None:
    """Say something that is good to know, and is no error."""
    line = json.dumps({"note": text}, ensure_ascii=False) if as_json else f"liveroom: {visible(text)}"
    print(line, file=sys.stderr, flush=True)


def note_if_animated(path: str, *, as_json: bool) -> None:
    """Say of a picture of many that the others are not looked at."""
    if is_animated(path):
        note(
            f"{path} is animated: only its first picture is taken; convert it to .mp4 for all",
            as_json=as_json,
        )


@contextmanager
def warnings_shown(*, as_json: bool) -> Iterator[None]:
    """What the client has to say while it goes on, a line each on stderr: {"warning": ...} for machines."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            told = json.dumps({"warning": message}, ensure_ascii=False)
            line = told if as_json else f"liveroom: {visible(message)}"
            print(line, file=sys.stderr, flush=True)

    handler = Lines(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


async def each_file(files: Iterable[str], work: Callable[[str], Awaitable[None]], *, as_json: bool) -> int:
    """Do `work` with every file; those that fail are reported, the others still done. Returns the exit code.

    Raises:
        ServerUnavailable, ModelUnavailable: no file could do better.
    """
    code = OK
    for path in files:
        try:
            await work(path)
        except (ServerUnavailable, ModelUnavailable):
            raise
        except LiveroomError as error:
            report(error, as_json=as_json, file=path)
            code = FAILED
    return code
