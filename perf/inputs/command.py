"""`python -m perf inputs`: real inputs as files, and the perf_analyzer command that takes each of them."""

import argparse
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from perf import report
from perf.inputs import registry
from perf.inputs.recorded import Inputs
from server.repository import Model, Repository
from tooling.progress import Progress
from tooling.sources import Library

FOLDER = report.BUILD / "inputs"


@dataclass(frozen=True)
class Written:
    """The inputs of a model, and the file they are in."""

    model: Model
    inputs: Inputs
    file: Path

    @property
    def arguments(self) -> list[str]:
        """perf_analyzer's options for these inputs; models with sequences need none of their own."""
        return ["--input-data", str(self.file), *(["--streaming"] if self.model.decoupled else [])]

    @property
    def command(self) -> str:
        """The whole command for people."""
        return shlex.join(["python", "-m", "perf", "analyzer", "-m", self.model.name, *self.arguments])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf inputs`."""
    add = parser.add_argument
    add("models", nargs="*", metavar="NAME", help="models (default: every one of the repository)")
    add("--out", type=Path, default=FOLDER, help="folder for the files (%(default)s)")
    add("--json", action="store_true", help="print JSON; progress goes to stderr")


def run(options: argparse.Namespace) -> int:
    """Writes the files and prints the commands."""
    console = report.console(as_json=options.json)
    files = write(chosen(options.models), options.out, console)
    if options.json:
        rows = [
            {
                "model": each.model.name,
                "file": str(each.file),
                "input": each.inputs.about,
                "note": each.inputs.note,
                "streams": len(each.inputs.streams),
                "requests": len(each.inputs.steps),
                "command": each.command,
            }
            for each in files
        ]
        print(json.dumps({"inputs": rows}))
        return 0
    for each in files:
        console.print(f"{each.model.name}: {each.inputs.about}", style="bold", markup=False)
        console.print(each.command, markup=False, soft_wrap=True)
    return 0


def chosen(names: Sequence[str]) -> list[Model]:
    """Models of the repository, every one where none is named.

    Raises ServerError for a name that is none of them.
    """
    repository = Repository(report.PROJECT / "model_repository")
    return [repository.read(name) for name in names or repository.names()]


def in_sequences(model: Model) -> bool:
    """Whether requests belong to sequences: of an ensemble, whether those of any of its steps do."""
    if not model.is_ensemble:
        return bool(model.config.HasField("sequence_batching"))
    return any(in_sequences(Repository(model.folder.parent).read(name)) for name in model.requires)


def write(models: Sequence[Model], folder: Path, console: Console) -> list[Written]:
    """Writes a file for each model into `folder`. Raises RuntimeError for one without inputs."""
    library = Library(progress=Progress(console))
    written = []
    with console.status("writing inputs") as status:
        for model in models:
            status.update(f"writing inputs: {model.name}")
            models_ = Repository(model.folder.parent).resolve([model.name])
            inputs = registry.inputs(model, models_, library)
            file = folder / f"{model.name}.json"
            inputs.write(file, sequences=in_sequences(model))
            written.append(Written(model, inputs, file))
    return written
