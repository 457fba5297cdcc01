"""What `liveroom chat` looks like."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ._arguments import encoding, pace
from ._chat import chat


def add_chat_command(
    add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser, epilog: str
) -> None:
    """Add it; `add` is `add_parser` of the commands, `common` the options of all."""
    command = add(
        "chat",
        parents=[common],
        help="moderate a chat log, or live chat from a pipe",
        description="Moderate a chat log, or live chat from a pipe: what each line says and how, what\n"
        "becomes of it and why, and how the room feels. With --json an object a line, in order.",
        epilog="a log is a message a line, or CSV with a header of time_s,viewer,text (role and id too;\n"
        "all but text may be missing, others are ignored). Where it has no times, lines count as written\n"
        "a second apart, on stdin when they come; blank lines are left out. Settings are JSON, as\n"
        "docs/chat.md says:\n"
        '  {"level": 2, "levels": {"sexual": 4}, "words": [{"text": "spoiler", "action": "block"}]}\n\n'
        + epilog,
    )
    command.add_argument("file", metavar="FILE", help="the log; - for stdin")
    command.add_argument("--settings", metavar="FILE", help="how to moderate (default: the server's)")
    command.add_argument(
        "--level", type=int, choices=range(5), help="how strict: 0 is off, 4 strictest (default: 2)"
    )
    command.add_argument(
        "--language", choices=("auto", "en", "zh"), help="of reasons (default: that of each line)"
    )
    command.add_argument(
        "--pace",
        type=pace,
        default=0.0,
        help="1 plays a log with times in real time, 10 ten times faster, 0 as fast as served (default: 0)",
    )
    command.add_argument(
        "--encoding", type=encoding, default="utf-8", help="of the log, such as gb18030 (default: utf-8)"
    )
    command.add_argument("--room", metavar="ID", help="room id (default: a new one)")
    command.add_argument(
        "--events",
        action="store_true",
        help="with --json: moods and suggestions too, each line with its kind",
    )
    command.set_defaults(run=chat)
