"""Put a finished export into the model repository so that a kill at any moment leaves no mix of old and new.

Everything is staged beside the first model, then a commit record is written, then the files are renamed
into place, each model's ``manifest.json`` last. What a kill leaves is found by :func:`recover`: with a commit
record the renames are finished, without one the staging is thrown away. ``1/`` may also hold committed code
(``model.py``) beside exported files, which is why files are renamed and not the folder.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Required, TypedDict, cast

import msgspec
from liveroom._files import replacing

from exporters.contract import Artifact, Profile
from exporters.errors import ExportError
from tooling.sources import sha256

MANIFEST = "manifest.json"
_STAGING = ".export"
_COMMIT = "commit.json"

Json = Mapping[str, object]


class FileRecord(TypedDict, total=False):
    """What a manifest says of one file; the profiles are smallest, usual and largest shape by input.

    And what their sides are multiples of, where one has to be.
    """

    sha256: str
    bytes: int
    precision: str
    tensorrt_profiles: dict[str, list[list[int]]]


class Manifest(TypedDict, total=False):
    """The part of ``manifest.json`` that is read back; the rest is for people and audits.

    ``poor`` says in what the model is of no use, where the user took it all the same.
    """

    fingerprint: str
    options: dict[str, str | None]
    poor: list[str]
    files: Required[dict[str, FileRecord]]


def version_folder(repository: Path, model: str) -> Path:
    """The one version that is served."""
    return repository / model / "1"


def read_manifest(repository: Path, model: str) -> Manifest | None:
    """The installed manifest, or None when there is none that can be read."""
    try:
        content = json.loads((version_folder(repository, model) / MANIFEST).read_text())
        msgspec.convert(content, Manifest)
    except (FileNotFoundError, ValueError, msgspec.ValidationError):
        return None
    return cast(Manifest, content)  # with what is for people, which `amend` keeps


def is_whole(repository: Path, model: str, manifest: Manifest) -> bool:
    """Whether every file of the manifest is there with its size (reading digests would take seconds)."""
    folder = version_folder(repository, model)
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == record.get("bytes")
        for name, record in manifest["files"].items()
    )


def install(repository: Path, models: Sequence[str], artifacts: Iterable[Artifact], facts: Json) -> None:
    """Install ``artifacts`` of one export, with a manifest of ``facts`` for each of ``models``."""
    staging = repository / models[0] / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    files: dict[str, dict[str, FileRecord]] = {model: {} for model in models}
    for artifact in artifacts:
        if artifact.model not in files:
            raise ExportError(
                f"{artifact.path.name} is for {artifact.model}, which the exporter does not declare"
            )
        target = staging / artifact.model / artifact.path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact.path, target)
        _sync(target)
        files[artifact.model][target.name] = _file_record(target, artifact.precision, artifact.profiles)
    for model in models:
        (staging / model).mkdir(parents=True, exist_ok=True)
        _write(staging / model / MANIFEST, {"model": model, **facts, "files": files[model]})
    _write(staging / _COMMIT, {model: [*files[model], MANIFEST] for model in models})
    recover(repository, models)


def amend(repository: Path, model: str, facts: Json, files: Mapping[str, tuple[Path, str] | None]) -> None:
    """Add ``files`` to an installed model, each by its path and precision, and ``facts`` to its manifest.

    A name with None is removed. The manifest comes last: what a kill leaves is found broken by its sizes.
    """
    folder, manifest = version_folder(repository, model), read_manifest(repository, model)
    if manifest is None:
        raise ExportError(f"{model} is not installed in {repository}: nothing can be added to it")
    for name, given in files.items():
        if given is None:
            (folder / name).unlink(missing_ok=True)
            manifest["files"].pop(name, None)
            continue
        with replacing(folder / name) as part:
            shutil.copyfile(given[0], part)
        manifest["files"][name] = _file_record(folder / name, given[1], {})
    _write(folder / MANIFEST, {**manifest, **facts})


def _file_record(path: Path, precision: str, profiles: Mapping[str, Profile]) -> FileRecord:
    return {
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "precision": precision,
        "tensorrt_profiles": {
            name: [list(shape) for shape in astuple(profile) if shape] for name, profile in profiles.items()
        },
    }


def recover(repository: Path, models: Sequence[str]) -> None:
    """Finish an installation that was committed, throw away one that was not."""
    staging = repository / models[0] / _STAGING
    if not staging.is_dir():
        return
    try:
        commit: dict[str, list[str]] = json.loads((staging / _COMMIT).read_text())
    except FileNotFoundError:
        commit = {}
    for model, names in commit.items():
        folder = version_folder(repository, model)
        folder.mkdir(parents=True, exist_ok=True)
        old = read_manifest(repository, model)
        for name in names:
            if (staging / model / name).exists():
                (staging / model / name).replace(folder / name)
        for name in set(old["files"] if old else ()) - set(names):
            (folder / name).unlink(missing_ok=True)
        _sync(folder)
    shutil.rmtree(staging)


def _write(path: Path, content: Json) -> None:
    """Write JSON so that the file is there whole or not at all."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Have the disk hold what was written to a file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
