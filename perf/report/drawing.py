"""What a result looks like to people: sections of tables and figures, the same in a terminal and in HTML."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import rich.table
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from rich.text import Text

_INCHES = (8.0, 4.2)
_DPI = 144
_STYLE = Path(__file__).with_name("plot.mplstyle")
_DARK = Path(__file__).with_name("dark.mplstyle")


@dataclass(frozen=True)
class Table:
    """Rows of cells that are text already, see `number`. left: headings of columns with words in them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    left: frozenset[str] = frozenset()

    def is_left(self, at: int) -> bool:
        """Whether the column at index `at` holds words, which begin at its left, rather than numbers."""
        return at == 0 or self.columns[at] in self.left

    def rich(self) -> rich.table.Table:
        """For a terminal; the first column is never broken, and brackets in cells mean nothing to rich."""
        view = rich.table.Table(title=Text(self.title), caption=Text(self.caption) if self.caption else None)
        for at, heading in enumerate(self.columns):
            view.add_column(Text(heading), justify="left" if self.is_left(at) else "right", no_wrap=at == 0)
        for row in self.rows:
            view.add_row(*map(Text, row))
        return view


@dataclass(frozen=True)
class Figure:
    """A plot, labelled in English. name: of its PNG file. draw: puts it on empty axes, with units, a legend.

    Colours of series come from the axes' cycle: named ones may not be seen on a dark page.
    """

    name: str
    title: str
    draw: Callable[[Axes], None]

    def png(self, *, dark: bool = False) -> bytes:
        """The picture, on white or on a dark page; nothing is left behind in matplotlib's global state."""
        with style.context([_STYLE, _DARK] if dark else [_STYLE]):
            canvas = Canvas(figsize=_INCHES, dpi=_DPI, layout="constrained")
            FigureCanvasAgg(canvas)
            axes = canvas.add_subplot()
            axes.set_title(self.title)
            self.draw(axes)
            buffer = io.BytesIO()
            canvas.savefig(buffer, format="png")
        return buffer.getvalue()


@dataclass(frozen=True)
class Section:
    """One measurement. headline: its answer in a sentence or two, the first thing that is read."""

    title: str
    headline: str
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


def number(value: float | None, digits: int = 2) -> str:
    """A cell: `value` with thousands separators, "-" for what was not measured."""
    return "-" if value is None else f"{value:,.{digits}f}"
