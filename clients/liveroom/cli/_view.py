"""Captions on a terminal: what is stable and what may still change look different."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.live import Live
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


def styled(caption: Caption) -> Text:
    """One caption with its time: stable in bold, the part that may change dim and in italics."""
    time = timestamp(caption.pts_start, ".")[:-2]
    stable = caption.text if caption.is_final else caption.stable
    return Text.assemble((f"{time} ", "cyan"), (stable, "bold"), (caption.unstable, "dim italic"))
