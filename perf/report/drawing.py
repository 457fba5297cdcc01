"""What a result looks like to people: sections of tables and figures, the same in a terminal and in HTML."""

from __future__ import annotations  # matplotlib, which takes long, is imported where it draws

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich.table
from rich.text import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

if find_spec("matplotlib") is None:
    raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")  # not after the measurement

Row = Mapping[str, Any]
"""An object in the JSON of a result."""
Column = str | Callable[[Row], str]

_INCHES = (8.0, 4.2)
_DPI = 144
_STYLE = Path(__file__).with_name("plot.mplstyle")
_DARK = Path(__file__).with_name("dark.mplstyle")


@dataclass(frozen=True)
class Table:
    """Rows of cells that are text already, see `number`.

    Attributes:
        left: headings of columns with words in them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    left: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        title: str,
        rows: Iterable[Row],
        columns: Mapping[str, Column] | Sequence[tuple[str, Column]],
        *,
        caption: str = "",
        left: Iterable[str] = (),
    ) -> Table:
        """A line for each row of a result, whose cells `columns` say by their headings, see `cell`."""
        listed = list(columns.items() if isinstance(columns, Mapping) else columns)
        cells = tuple(tuple(cell(row, column) for _, column in listed) for row in rows)
        return cls(title, tuple(heading for heading, _ in listed), cells, caption, frozenset(left))

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
    """A plot, labeled in English.

    Colours of series come from the axes' cycle: named ones may not be seen on a dark page.

    Attributes:
        name: of its PNG file.
        draw: puts it on empty axes, with units, a legend.
    """

    name: str
    title: str
    draw: Callable[[Axes], None]

    def png(self, *, dark: bool = False) -> bytes:
        """The picture, on white or on a dark page; nothing is left behind in matplotlib's global state."""
        from matplotlib import style  # noqa: PLC0415
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure as Canvas  # noqa: PLC0415

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
    """One measurement.

    Attributes:
        headline: its answer in a sentence or two, the first thing that is read.
    """

    title: str
    headline: str
    tables: tuple[Table, ...]
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


def cell(row: Row, column: Column) -> str:
    """A cell: what a function makes of the row, or the value of a name, "-" where it has none.

    Behind the name there may be a format, as in "p95_s:.1f" or "share:.0%"; numbers with a point have two
    digits without one.
    """
    if callable(column):
        return column(row)
    name, _, form = column.partition(":")
    value = row.get(name)
    if value is None:
        return "-"
    if isinstance(value, float):
        form = form or ".2f"
    return format(value, f",{form}" if isinstance(value, int | float) else "")


def lines(
    rows: Sequence[Row],
    x: str,
    curves: Mapping[str, str],
    *,
    xlabel: str,
    ylabel: str,
    limits: Row | None = None,
) -> Callable[[Axes], None]:
    """Measures of rows over their `x`, by label; `limits` of them are dashed lines in their colors."""

    def draw(axes: Axes) -> None:
        for label, name in curves.items():
            known = [(row[x], row[name]) for row in rows if row.get(name) is not None]
            (line,) = axes.plot([at for at, _ in known], [value for _, value in known], "o-", label=label)
            if isinstance(limit := (limits or {}).get(name), int | float):
                axes.axhline(limit, color=line.get_color(), linestyle="--", label=f"its limit, {limit:g}")
        axes.locator_params("x", integer=True)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_ylim(bottom=0)
        axes.legend()

    return draw


def number(value: float | None, digits: int = 2) -> str:
    """A cell: `value` with thousands separators, "-" for what was not measured."""
    return "-" if value is None else f"{value:,.{digits}f}"
