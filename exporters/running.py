"""One export, and what is said of it."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from exporters.checkpoints import reading
from exporters.contract import Exporter, Measurement, Options
from exporters.errors import ExportError
from exporters.install import version_folder
from exporters.state import poor_by, state
from tooling.errors import CommandError
from tooling.exit_codes import FAILED, OK
from tooling.sources import Library
from tooling.terminal import told


@dataclass(frozen=True)
class Asked:
    """What all exports of a command have in common. force: export even what is up to date."""

    repository: Path
    library: Library
    force: bool
    as_json: bool


def is_current(exporter: Exporter, options: Options, asked: Asked) -> bool:
    """Whether there is nothing to do."""
    return not asked.force and state(exporter, options, asked.repository) == "current"


def run(exporter: Exporter, options: Options, asked: Asked) -> int:
    """Export what is not up to date and say how it went; returns the exit code."""
    start = time.monotonic()
    repository, library, as_json = asked.repository, asked.library, asked.as_json
    console = library.progress.console or Console(quiet=True)
    try:
        if is_current(exporter, options, asked):
            seconds = time.monotonic() - start
            _report(as_json, console, exporter, repository, "current", seconds, ())
            return OK
        for model in exporter.models:
            _check_writable(version_folder(repository, model))
        # Imports onnx, which seeing that an export is up to date does not need.
        from exporters.pipeline import export  # noqa: PLC0415

        with reading(exporter, options.checkpoint):
            result = export(exporter, options, repository, library, asked.force)
    except CommandError as error:
        return fail(as_json, console, exporter.name, error, FAILED)
    except OSError as error:
        return fail(as_json, console, exporter.name, ExportError(told(error)), FAILED)
    except ModuleNotFoundError as error:
        missing = ExportError(
            f"{error.name} is not installed, which this export needs: pip install 'liveroom[exporters]', or "
            "export where it is and give that repository with --repository"
        )
        return fail(as_json, console, exporter.name, missing, FAILED)
    _report(as_json, console, exporter, repository, result.status, result.seconds, result.measurements)
    return OK


def _check_writable(folder: Path) -> None:
    """See before minutes are spent that a model can be installed.

    Raises:
        ExportError: it can't.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    for place in (there, there.parent if there == folder else there):
        if not os.access(place, os.W_OK | os.X_OK):
            raise ExportError(
                f"{place} can't be written to by user {os.getuid()}: export into a repository that can, with "
                "--repository"
            )


def _report(
    as_json: bool,
    console: Console,
    exporter: Exporter,
    repository: Path,
    status: str,
    seconds: float,
    measurements: Sequence[Measurement],
) -> None:
    poor = poor_by(exporter, repository)
    if as_json:
        line = {"exporter": exporter.name, "status": status, "models": exporter.models, "poor": poor}
        measured = [measurement.record() for measurement in measurements]
        print(
            json.dumps({**line, "seconds": round(seconds, 3), "measurements": measured}, ensure_ascii=False)
        )
        return
    numbers = ", ".join(
        f"{m.name} {m.value:.3g}{m.unit}{f' at {m.precision}' if m.precision != 'fp32' else ''}"
        for m in measurements
        if m.limit is not None or m.bound is not None
    )
    verb = "is up to date" if status == "current" else f"exported in {seconds:.1f} s: {numbers}"
    mark = "[yellow]![/]" if poor else "[green]✓[/]"
    console.print(f"{mark} {exporter.name} {verb}", highlight=False, soft_wrap=True)
    for reason in poor:
        console.print(f"  poor: {reason}", markup=False, highlight=False, soft_wrap=True)


def fail(as_json: bool, console: Console, name: str, error: CommandError, code: int) -> int:
    """Say why an export, or (without a name) the command, failed; returns `code`."""
    if as_json:
        print(json.dumps({"exporter": name, "status": "failed", "error": str(error)}, ensure_ascii=False))
    else:
        console.print(f"[red]✗[/] {name}: " if name else "[red]✗[/] ", end="")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
    return code
