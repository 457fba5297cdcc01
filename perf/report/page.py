"""The page `report.html`: every result of a folder, drawn from its JSON alone, in one self-contained file."""

import base64
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from perf.__main__ import COMMANDS
from perf.report.drawing import Section
from perf.report.results import flat, load, origin, write

NAME = "report.html"
_FOLDER = Path(__file__).parent
_ORIGIN = (
    *(("", "measured_at", ""), ("commit ", "commit", ""), ("", "machine.cpu", "")),
    *(("", "machine.cores", " cores"), ("load ", "machine.load_1min", " as it began")),
)


@dataclass(frozen=True)
class Page:
    """A page that was written: the files on it, and why each of the others is not (file name to sentence)."""

    path: Path
    shown: tuple[str, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class _Shown:
    """A result as the template takes it: figures as base64, and where it comes from in a line and in full."""

    place: int
    stem: str
    section: Section
    figures: Sequence[Mapping[str, str]]
    line: str
    origin: Mapping[str, object]


def redraw(folder: Path) -> Page:
    """Draws the page of all results (*.json) in `folder` again.

    A file that is no result, of no known kind, or that can't be drawn is left out, which the page says.
    """
    shown: list[_Shown] = []
    left_out: dict[str, str] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            shown.append(_shown(file))
        except RuntimeError as error:
            left_out[file.name] = str(error)
        except Exception as error:  # whatever a file of an older shape makes its module raise
            left_out[file.name] = f"can't be drawn: {type(error).__name__}: {error}"
    shown.sort(key=lambda result: (result.place, result.stem))
    loader = jinja2.FileSystemLoader(_FOLDER)
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("page.html.j2")
    css = (_FOLDER / "page.css").read_text(encoding="utf-8")
    path = folder / NAME
    write(path, template.render(results=shown, left_out=left_out, css=css))
    return Page(path, tuple(f"{result.stem}.json" for result in shown), left_out)


def section_of(result: Mapping[str, object]) -> Section:
    """The result as its own command shows it.

    Raises:
        RuntimeError: it is of a kind that no command draws.
    """
    kind = result.get("kind")
    known = isinstance(kind, str) and kind in COMMANDS
    module = importlib.import_module(COMMANDS[str(kind)][0]) if known else None
    draw: Callable[[Mapping[str, object]], Section] | None = getattr(module, "section", None)
    if draw is None:
        raise RuntimeError(f"not a result that a command of perf draws: its kind is {kind!r}")
    return draw(result)


def _shown(file: Path) -> _Shown:
    result = load(file)
    section = section_of(result)
    known = flat(origin(result))
    figures = [
        {"title": figure.title}
        | {name: base64.b64encode(figure.png(dark=name == "dark")).decode() for name in ("light", "dark")}
        for figure in section.figures
    ]
    line = " · ".join(
        f"{before}{known[key]}{behind}" for before, key, behind in _ORIGIN if known.get(key) is not None
    )
    return _Shown(list(COMMANDS).index(str(result["kind"])), file.stem, section, figures, line, known)
