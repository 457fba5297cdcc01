"""Make another model repository out of one: what is committed, and what is exported and current."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from liveroom._files import replacing

from exporters.contract import Exporter, Options
from exporters.errors import ExportError
from exporters.install import MANIFEST, read_manifest, version_folder
from exporters.registry import all_exporters
from exporters.state import state
from exporters.triton_config import needed_models, served_models


def served_by(names: Sequence[str], chosen: Iterable[Exporter], repository: Path) -> list[str]:
    """The models a repository needs for what was asked for by ``names``; all there are without any."""
    served = served_models(repository)
    if not names:
        return served
    needed = {model for name in names if name in served for model in needed_models(repository, name)}
    return sorted(needed.union(*(exporter.models for exporter in chosen)))


def lacking_models(names: Sequence[str], project: Path, repository: Path) -> list[str]:
    """What ``repository`` has to get from ``project`` before ``names`` can be exported into it.

    Without names that is everything where it is empty, and else nothing: it has what it is to have.

    Raises:
        ExportError: there is a file of that name.
    """
    if repository.exists() and not repository.is_dir():
        raise ExportError(f"{repository} is no folder: --repository takes the folder of a model repository")
    there, known, families = served_models(repository), served_models(project), all_exporters()
    if not names:
        return [] if there else known
    needed: set[str] = set()
    for name in names:
        if name in families:
            needed.update(families[name].models)
        elif name not in there and name in known:
            needed.update(needed_models(project, name))
    filled = [family.models for family in families.values() if needed.intersection(family.models)]
    return sorted(needed.union(*filled).difference(there).intersection(known))


def stage(models: Iterable[str], repository: Path, output: Path) -> None:
    """Copy the configs, warm-up data and code of ``models``; whatever else ``output`` holds stays."""
    for model in models:
        folder = repository / model
        committed = [
            *folder.glob("*.pbtxt"),
            *folder.glob("configs/*.pbtxt"),
            *folder.glob("warmup/*"),
            *version_folder(repository, model).rglob("*.py"),
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
    with replacing(target) as part:
        shutil.copyfile(source, part)
