"""Make another model repository out of one: what is committed, and what is exported and current."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from exporters.contract import Exporter, Options
from exporters.install import MANIFEST, read_manifest, version_folder
from exporters.state import state
from exporters.triton_config import needed_models, served_models


def served_by(names: Sequence[str], chosen: Iterable[Exporter], repository: Path) -> list[str]:
    """The models a repository needs for what was asked for by ``names``; all there are without any."""
    served = served_models(repository)
    if not names:
        return served
    needed = {model for name in names if name in served for model in needed_models(repository, name)}
    return sorted(needed.union(*(exporter.models for exporter in chosen)))


def stage(models: Iterable[str], repository: Path, output: Path) -> None:
    """Copy the configs, warm-up data and code of ``models``; whatever else ``output`` holds stays."""
    for model in models:
        folder = repository / model
        committed = [
            *folder.glob("*.pbtxt"),
            *folder.glob("configs/*.pbtxt"),
            *folder.glob("warmup/*"),
            *version_folder(repository, model).glob("*.py"),
        ]
        for path in committed:
            _copy(path, output / path.relative_to(repository))
        version_folder(output, model).mkdir(parents=True, exist_ok=True)


def bring(exporter: Exporter, options: Options, repository: Path, output: Path) -> None:
    """Copy what ``exporter`` installed in ``repository``, if that is what it would make for ``output`` now.

    Manifests come last: what a kill leaves is found broken, and copied or exported again.
    """
    if state(exporter, options, output) == "current" or state(exporter, options, repository) != "current":
        return
    for model in exporter.models:
        manifest = read_manifest(repository, model)
        for name in (*(manifest["files"] if manifest else ()), MANIFEST):
            _copy(version_folder(repository, model) / name, version_folder(output, model) / name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that it is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.copy")
    shutil.copyfile(source, draft)
    draft.replace(target)
