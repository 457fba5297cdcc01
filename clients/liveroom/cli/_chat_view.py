"""How moderated chat is shown: for people in color, for machines an object a line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Protocol

from rich.text import Text

from .._chat_events import Moderated, RoomMood, Suggestion
from .._event_queue import Event
from ..subtitles import timestamp
from ._chat_log import Row
from ._report import note, visible
from ._view import Lines

_COLORS = {"allow": "", "hold": "yellow", "block": "red"}
_MARKS = {"negative": ("-", "red"), "neutral": (" ", ""), "positive": ("+", "green")}


class View(Protocol):
    """Takes what a room tells."""

    def moderated(self, event: Moderated, row: Row) -> None:
        """What became of a line, and the line as it stood in the log."""

    def other(self, event: Event) -> None:
        """Anything else."""

    def end(self) -> None:
        """Nothing more comes."""


class JsonView:
    """An object for each line, in order; with `events` one for moods and suggestions too, with their kind."""

    def __init__(self, *, events: bool) -> None:
        self._events = events

    def moderated(self, event: Moderated, row: Row) -> None:
        """See `View`."""
        told: dict[str, object] = {"kind": event.kind} if self._events else {}
        told["text"] = row.text
        told |= {name: value for name, value in (("id", row.id), ("viewer", row.viewer)) if value}
        told |= {
            "language": event.language,
            "sentiment": event.sentiment,
            "scores": event.scores,
            "action": event.action,
            "reasons": [
                {key: value for key, value in asdict(reason).items() if value not in ("", None)}
                for reason in event.reasons
            ],
            "pts": event.pts_start,
        }
        _print(told)

    def other(self, event: Event) -> None:
        """See `View`."""
        if self._events and isinstance(event, RoomMood | Suggestion):
            _print({"kind": event.kind, **asdict(event)})

    def end(self) -> None:
        """See `View`."""


class TextView:
    """Lines with their mood, what was stopped in color and why, and a summary on stderr."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._counts: Counter[str] = Counter()

    def moderated(self, event: Moderated, row: Row) -> None:
        """See `View`."""
        self._counts[event.action] += 1
        self._lines.print(*styled_line(event, row.text, row.viewer))

    def other(self, event: Event) -> None:
        """See `View`."""
        if isinstance(event, RoomMood | Suggestion):
            self._lines.print(*styled_news(event))

    def end(self) -> None:
        """See `View`."""
        total = self._counts.total()
        stopped = ", ".join(
            f"{count} {action}" for action, count in self._counts.items() if action != "allow"
        )
        note(f"{total} line{'s' * (total != 1)}, {stopped or 'none stopped'}", as_json=False)


def styled_line(event: Moderated, text: str, viewer: str) -> tuple[Text, Text]:
    """The time and mood of a line of chat, and the line; in color, with the reasons, where it was stopped."""
    mark, color = _MARKS[max(event.sentiment, key=event.sentiment.__getitem__)]
    line = Text()
    if viewer:
        line.append(f"{visible(viewer)}: ", "cyan")
    line.append(visible(text), _COLORS[event.action])
    if event.action != "allow":
        reasons = visible("; ".join(reason.text for reason in event.reasons))
        line.append(f"  [{event.action}: {reasons}]", f"dim {_COLORS[event.action]}")
    return Text.assemble((_time(event), "cyan"), (mark, color), " "), line


def styled_news(event: RoomMood | Suggestion) -> tuple[Text, Text]:
    """The time of a mood or a suggestion, and what it is."""
    head = Text.assemble((_time(event), "cyan"), "  ")
    if isinstance(event, RoomMood):
        return head, Text(f"{visible(event.reason)} ({event.valence:+.2f})", "dim")
    what = f"{event.action.replace('_', ' ')}, {event.seconds:g} s: {event.reason}"
    return head, Text(visible(what), "bold")


def _time(event: Moderated | RoomMood | Suggestion) -> str:
    """As captions have it."""
    return f"{timestamp(event.pts_end, '.')[:-2]} "


def _print(told: dict[str, object]) -> None:
    print(json.dumps(told, ensure_ascii=False), flush=True)
