"""`python -m perf report`: the page of all results, drawn again from what there is."""

import argparse
import json
from pathlib import Path

from perf import report
from perf.report.page import redraw


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf report`."""
    add = parser.add_argument
    add("folder", nargs="?", type=Path, default=report.BUILD, help="where the results are (%(default)s)")
    add("--json", action="store_true", help="print JSON: the page, what is on it, and what is not and why")


def run(options: argparse.Namespace) -> int:
    """Draws the page and says where it is.

    Raises:
        RuntimeError: there is no result.
    """
    if not any(options.folder.glob("*.json")):
        raise RuntimeError(
            f"{options.folder} has no results: expected files such as rooms.json of `perf rooms`"
        )
    console = report.console(as_json=options.json)
    with console.status("drawing"):
        page = redraw(options.folder)
    if options.json:
        print(json.dumps({"page": str(page.path), "shown": page.shown, "left_out": page.left_out}))
        return 0
    console.print(f"{page.path}: {', '.join(page.shown) or 'nothing'}", markup=False)
    for name, why in page.left_out.items():
        console.print(f"not shown: {name}: {why}", style="dim", markup=False)
    return 0
