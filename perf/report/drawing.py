"""What a result looks like to people: sections of tables and figures, the same in a terminal and in HTML."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import rich.table
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

_INCHES = (8.0, 4.2)
_DPI = 110


@dataclass(frozen=True)
class Table:
    """Rows of cells that are text already, see `number`. left: headings of columns with words in them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    left: frozenset[str] = frozenset()

    def rich(self) -> rich.table.Table:
        """For a terminal; the first column is never broken."""
        view = rich.table.Table(title=self.title, caption=self.caption or None)
        for at, heading in enumerate(self.columns):
            left = at == 0 or heading in self.left
            view.add_column(heading, justify="left" if left else "right", no_wrap=at == 0)
        for row in self.rows:
            view.add_row(*row)
        return view


@dataclass(frozen=True)
class Figure:
    """A plot. name: of its PNG file. draw: puts it on empty axes, with units and a legend."""

    name: str
    title: str
    draw: Callable[[Axes], None]

    def png(self) -> bytes:
        """The picture; nothing is left behind in matplotlib's global state."""
        canvas = Canvas(figsize=_INCHES, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.add_subplot()
        axes.grid(visible=True, alpha=0.3)
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
