"""A progress bar on stderr, for whatever counts seconds of a recording."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


def seconds_bar(*, quiet: bool) -> Progress:
    """A bar whose tasks count seconds; nothing is shown if `quiet`, or where nobody looks."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        _Seconds(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # into a file it goes past the bar
        disable=quiet or not sys.stderr.isatty(),
    )


class _Seconds(ProgressColumn):
    """So many of how many, where that is known."""

    def render(self, task: Task) -> Text:
        """As text."""
        return Text(f"{task.completed:.0f}{f'/{task.total:.0f}' if task.total else ''} s")
