"""Progress: a spinner for a step and a bar for a download on a terminal, a plain line elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


@dataclass(frozen=True)
class Progress:
    """Shows what is going on, on ``console``; silent without one."""

    console: Console | None = None

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show a spinner with the time taken, for as long as the block runs."""
        if self.console is None or not self.console.is_terminal:
            self._note(text)
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Bar(*columns, console=self.console, transient=True) as bar:
            bar.add_task(text, total=None)
            yield

    @contextmanager
    def growth(self, text: str, folder: Path, total: int) -> Iterator[None]:
        """Show the bytes below ``folder`` growing towards ``total`` (0 = not known)."""
        if self.console is None or not self.console.is_terminal:
            self._note(f"{text} ({total / 1e6:.1f} MB)" if total else text)
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        done = threading.Event()
        with Bar(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(text, total=total or None)

            def watch() -> None:
                while not done.wait(0.2):
                    size = _size(folder)
                    bar.update(task, completed=min(size, total) if total else size)

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            try:
                yield
            finally:
                done.set()
                watcher.join()

    def _note(self, text: str) -> None:
        """Say in a log what is being done."""
        if self.console is not None:
            self.console.print(text, highlight=False, markup=False)


def _size(folder: Path) -> int:
    """Bytes in files below ``folder``; files may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
