"""`liveroom chat`: a chat log, or live chat on stdin, moderated."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, aclosing
from typing import BinaryIO

from .._chat_events import Moderated
from .._chat_request import LONGEST
from .._errors import InvalidInput, LiveroomError
from .._room import AsyncRoom
from ._chat_log import Row, rows
from ._chat_view import JsonView, TextView, View
from ._connect import connect
from ._exit import OK
from ._sources import blocks, existing, stdin


async def chat(arguments: argparse.Namespace) -> int:
    """Run the command. What was judged before something went wrong is written, and then that is said."""
    settings = _settings(arguments)
    view: View = JsonView(events=arguments.events) if arguments.json else TextView()
    with ExitStack() as files:
        live = arguments.file == "-"
        descriptor = stdin("chat") if live else files.enter_context(_opened(arguments.file)).fileno()
        name = "stdin" if live else arguments.file
        source = rows(blocks(descriptor, name), name, arguments.encoding, live=live)
        async with connect(arguments) as client:
            room_id = arguments.room or f"chat-{uuid.uuid4().hex}"
            async with client.room(room_id, chat=settings) as room:
                sent: deque[Row] = deque()
                sending = asyncio.create_task(_send(room, source, sent, arguments.pace, live=live))
                try:
                    async with aclosing(room.events()) as events:
                        async for event in events:
                            if isinstance(event, Moderated):
                                view.moderated(event, sent.popleft())
                            else:
                                view.other(event)
                    await sending
                finally:  # what is shown may have no reader any more
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
    view.end()
    return OK


async def _send(
    room: AsyncRoom, source: AsyncIterator[Row], sent: deque[Row], pace: float, *, live: bool
) -> None:
    """Send what comes, then end the room; an error of ours ends it too, once what was sent is answered."""
    began, count = time.monotonic(), 0
    failure: LiveroomError | None = None
    try:
        async for row in source:
            count += 1
            elapsed = time.monotonic() - began
            at = row.time_s if row.time_s is not None else elapsed if live else float(count)
            if pace and not live:
                await asyncio.sleep(max(at / pace - elapsed, 0))
            sent.append(row)
            text = row.text.encode(errors="replace")[:LONGEST].decode(errors="ignore")
            await room.send_chat(text, viewer=row.viewer, role=row.role, pts=at, id=row.id)
    except LiveroomError as error:
        failure = error
    try:
        await room.end()
    except LiveroomError as error:
        await room.cancel(error)
        failure = failure or error
    if failure:
        raise failure


def _opened(path: str) -> BinaryIO:
    """A regular file, or whatever else can be read."""
    return existing(path).open("rb")


def _settings(arguments: argparse.Namespace) -> dict[str, object]:
    """Of a file, and of options, which come first."""
    settings: dict[str, object] = {}
    if arguments.settings:
        path = existing(arguments.settings)
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{arguments.settings} is not JSON: {error}") from error
        if not isinstance(settings, dict):
            raise InvalidInput(f'{arguments.settings}: expected a JSON object, such as {{"level": 3}}')
    if arguments.level is not None:
        settings["level"] = arguments.level
    if arguments.language:
        settings["language"] = arguments.language
    return settings
