"""Captions on a terminal: what is stable and what may still change look different."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .._types import Caption
from ..subtitles import timestamp


class CaptionView:
    """Finals scroll by, the open segment is redrawn below them; `with CaptionView(console) as view`."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def write(self, caption: Caption) -> None:
        """Show one caption."""
        if caption.is_final:
            self._live.update(Text(), refresh=True)
            self._live.console.print(styled(caption))
        else:
            self._live.update(styled(caption), refresh=True)

    def note(self, line: Text) -> None:
        """Show something else above the open segment."""
        self._live.console.print(line)

    def __enter__(self) -> CaptionView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class Lines:
    """Prints lines to stdout; on a terminal what does not fit goes on below itself, not below the head."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def print(self, head: Text, text: Text) -> None:
        """Print one of them, as it comes, above a bar where there is one."""
        with self._console.capture() as printed:
            if self._console.is_terminal and head.cell_len <= self._console.width - 30:
                grid = Table.grid()
                grid.add_column(no_wrap=True)
                grid.add_column(overflow="fold")
                grid.add_row(head, text)
                self._console.print(grid, soft_wrap=False)
            else:
                self._console.print(head + text)
        print(printed.get(), end="", flush=True)


def styled(caption: Caption) -> Text:
    """One caption with its time: stable in bold, the part that may change dim and in italics."""
    time = timestamp(caption.pts_start, ".")[:-2]
    stable = caption.text if caption.is_final else caption.stable
    return Text.assemble((f"{time} ", "cyan"), (stable, "bold"), (caption.unstable, "dim italic"))
