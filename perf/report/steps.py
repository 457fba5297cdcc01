"""What is being measured, told to people while it takes minutes."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Steps:
    """A line that changes on a terminal, with a bar where a total is known; elsewhere a line for each step.

    It is drawn only when there is something to say: a thread that did so all the time would take CPU from
    what is measured.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)
        self._told = ""

    def expect(self, steps: int) -> None:
        """So many steps more are to come."""
        total = self._progress.tasks[0].total or 0
        self._progress.update(self._task, total=total + steps, refresh=True)

    def say(self, what: str, done: int = 0) -> None:
        """Tells what is being done, and that so many steps are done."""
        self._progress.update(self._task, description=what, advance=done, refresh=True)
        if not self._console.is_terminal and what != self._told:
            self._told = what
            self._console.print(what, markup=False)

    def step(self, what: str) -> None:
        """Tells what is being done, one step more."""
        self.say(what, done=1)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
