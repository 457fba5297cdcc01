"""A finished measurement: shown, saved as JSON, its plots beside it, and the HTML report drawn again."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from perf.report.drawing import Section
from perf.report.page import redraw
from perf.report.results import save, write


def publish(
    result: Mapping[str, object], section: Section, out: Path, *, console: Console, as_json: bool
) -> None:
    """Writes `result` to `out` (build/perf/NAME.json) and each figure as a PNG beside it; prints one of them.

    The page `report.html` beside it is drawn again, from every result in that folder.

    Args:
        result: what was measured.
        section: how it is shown.
        out: file for it.
        console: for people.
        as_json: stdout gets the JSON, and people's tables go to `console` (stderr) all the same.

    Raises:
        OSError: files can't be written, after what was measured has been printed.
    """
    page, failure = None, None
    try:
        save(out, result)
        for figure in section.figures:
            write(out.with_name(f"{out.stem}-{figure.name}.png"), figure.png())
        page = redraw(out.parent)
    except OSError as error:
        failure = error
    console.print(section.headline, style="bold", markup=False)
    for table in section.tables:
        console.print(table.rich())
    for note in section.notes:
        console.print(note, style="dim", markup=False)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    if failure:
        raise failure
    assert page  # noqa: S101 - for the type checker: there is one or the other
    console.print(
        f"the same as JSON: {out}, with all other results: {page.path}", markup=False, soft_wrap=True
    )
    if page.left_out:
        console.print(f"not on that page: {', '.join(page.left_out)}", style="dim", markup=False)
