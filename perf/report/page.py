"""The page `report.html`: every result of a folder, drawn from its JSON alone, in one self-contained file."""

import base64
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from perf.__main__ import COMMANDS
from perf.report.drawing import Figure, Section, Table
from perf.report.results import flat, load, origin, write

NAME = "report.html"
_CSS = Path(__file__).with_name("page.css")
_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>liveroom: what was measured</title>
<style>
{css}</style>
</head>
<body>
<header><h1>liveroom <small>what was measured</small></h1><nav>{links}</nav></header>
<main>
{body}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Page:
    """A page that was written: the files on it, and why each of the others is not (file name to sentence)."""

    path: Path
    shown: tuple[str, ...]
    left_out: Mapping[str, str]


def redraw(folder: Path) -> Page:
    """Draws the page of all results (*.json) in `folder` again.

    A file that is no result, of no known kind, or that can't be drawn is left out, which the page says.
    """
    drawn: list[tuple[int, str, str, str]] = []
    left_out: dict[str, str] = {}
    for file in sorted(folder.glob("*.json")):
        try:
            result = load(file)
            section = section_of(result)
            place = list(COMMANDS).index(str(result["kind"]))
            drawn.append((place, file.stem, section.title, _section(file.name, section, result)))
        except RuntimeError as error:
            left_out[file.name] = str(error)
        except (
            Exception
        ) as error:  # whatever a file of an older shape makes its module raise; the rest is shown
            left_out[file.name] = f"can't be drawn: {type(error).__name__}: {error}"
    drawn.sort()
    links = "".join(f'<a href="#{escape(stem)}">{escape(title)}</a>' for _, stem, title, _ in drawn)
    body = "\n".join(html for *_, html in drawn) or "<p>There is no result here yet.</p>"
    document = _DOCUMENT.format(css=_CSS.read_text(), links=links, body=body + _left_out(left_out))
    path = folder / NAME
    write(path, document)
    return Page(path, tuple(f"{stem}.json" for _, stem, _, _ in drawn), left_out)


def section_of(result: Mapping[str, object]) -> Section:
    """The result as its own command shows it. Raises RuntimeError for a kind that no command draws."""
    kind = result.get("kind")
    module = (
        importlib.import_module(COMMANDS[kind][0]) if isinstance(kind, str) and kind in COMMANDS else None
    )
    draw: Callable[[Mapping[str, object]], Section] | None = getattr(module, "section", None)
    if draw is None:
        raise RuntimeError(f"not a result that a command of perf draws: its kind is {kind!r}")
    return draw(result)


def _section(name: str, section: Section, result: Mapping[str, object]) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    parts = [
        f'<section id="{escape(Path(name).stem)}">',
        f"<h2>{escape(section.title)}</h2>",
        f'<p class="headline">{escape(section.headline)}</p>',
        *map(_table, section.tables),
        *map(_figure, section.figures),
        f'<ul class="notes">{notes}</ul>' if notes else "",
        _provenance(name, result),
        "</section>",
    ]
    return "\n".join(filter(None, parts))


def _table(table: Table) -> str:
    def row(tag: str, cells: tuple[str, ...]) -> str:
        sides = (' class="left"' if table.is_left(at) else "" for at in range(len(cells)))
        return "".join(
            f"<{tag}{side}>{escape(cell)}</{tag}>" for side, cell in zip(sides, cells, strict=True)
        )

    body = "\n".join(f"<tr>{row('td', cells)}</tr>" for cells in table.rows)
    head = row("th", table.columns)
    caption = f'<p class="caption">{escape(table.caption)}</p>' if table.caption else ""
    return (
        f'<h3>{escape(table.title)}</h3>\n<div class="wide"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>{caption}"
    )


def _figure(figure: Figure) -> str:
    light, dark = (
        "data:image/png;base64," + base64.b64encode(figure.png(dark=each)).decode() for each in (False, True)
    )
    return (
        f'<figure><picture><source media="screen and (prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img alt="{escape(figure.title)}" src="{light}"></picture></figure>'
    )


def _provenance(name: str, result: Mapping[str, object]) -> str:
    """Where a result comes from: the essential in a line, all of it when that is opened."""
    known = flat(origin(result))
    if not known:
        return ""
    line = " · ".join(
        f"{before}{known[key]}{behind}"
        for before, key, behind in (
            ("", "measured_at", ""),
            ("commit ", "commit", ""),
            ("", "machine.cpu", ""),
            ("", "machine.cores", " cores"),
            ("load ", "machine.load_1min", " as it began"),
        )
        if known.get(key) is not None
    )
    rows = "".join(f"<dt>{escape(key)}</dt><dd>{escape(str(value))}</dd>" for key, value in known.items())
    return f"<details><summary>{escape(f'{name}: {line}')}</summary><dl>{rows}</dl></details>"


def _left_out(files: Mapping[str, str]) -> str:
    if not files:
        return ""
    rows = "".join(f"<li>{escape(name)}: {escape(why)}</li>" for name, why in files.items())
    return (
        f"\n<details><summary>Files here that are not shown: {len(files)}</summary><ul>{rows}</ul></details>"
    )
