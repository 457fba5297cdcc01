"""Is what is installed what an export would make now? Answered in milliseconds, without torch."""

import hashlib
import inspect
import json
from pathlib import Path
from typing import Literal

from exporters.contract import Exporter, Options
from exporters.install import is_whole, read_manifest
from exporters.triton_config import config_path

State = Literal["missing", "current", "outdated", "broken"]

_GATES = (
    "evaluation/error_rates",
    "evaluation/speech",
    "exporters/contract",
    "exporters/graph_check",
    "exporters/onnx_tools",
    "exporters/pipeline",
    "exporters/soundness",
    "exporters/tensorrt_lint",
)
"""Shared modules whose change makes an export outdated, because they decide what is made and what passes."""


def settle(exporter: Exporter, asked: Options, repository: Path) -> Options:
    """The options of an export: what was asked for, else what the installed version was made with.

    So exporting once from one's own checkpoint is enough: a later ``python -m exporters asr`` keeps it.
    A checkpoint and a variant both say which weights, so asking for one forgets the other, and that the
    weights before were allowed to be poor.
    """
    manifest = read_manifest(repository, exporter.models[0])
    kept = manifest.get("options", {}) if manifest else {}
    checkpoint, variant, allow_poor = asked.checkpoint, asked.variant, asked.allow_poor
    if checkpoint is None and variant is None:
        allow_poor = allow_poor or bool(kept.get("allow_poor"))
        path, variant = kept.get("checkpoint"), kept.get("variant")
        checkpoint = Path(path) if path else None
    return Options(checkpoint, asked.precision or kept.get("precision"), variant, allow_poor)


def poor_by(exporter: Exporter, repository: Path) -> list[str]:
    """In what the installed version is of no use; the user was told, and took it all the same."""
    manifest = read_manifest(repository, exporter.models[0])
    return manifest.get("poor", []) if manifest else []


def fingerprint(exporter: Exporter, options: Options, repository: Path) -> str:
    """A digest of all that decides an export's outcome: code, configs, sources, options, the checkpoint."""
    project = Path(__file__).parents[1]
    family = Path(inspect.getfile(type(exporter))).parent
    modules = [project / f"{name}.py" for name in (*_GATES, *exporter.shared)]
    packages = [family, *(project / name for name in exporter.shared)]
    kinds = ("*.py", "*.safetensors")  # the latter where weights are part of the project
    files = [path for package in packages for kind in kinds for path in sorted(package.rglob(kind))]
    code = [*files, *modules]
    configs = [config_path(repository, model) for model in exporter.models]
    digest = hashlib.sha256()
    for path in (*code, *configs):
        digest.update(path.read_bytes() if path.exists() else b"")
    sources = [
        [source.key, dict(source.files)] for source in (*exporter.sources(options), *exporter.evaluation)
    ]
    digest.update(json.dumps([sources, options.record(), _stamp(options.checkpoint)]).encode())
    return digest.hexdigest()


def _stamp(checkpoint: Path | None) -> list[tuple[str, int, int]]:
    """Name, size and time of a checkpoint's files: reading gigabytes would take too long."""
    if checkpoint is None:
        return []
    files = sorted(checkpoint.rglob("*")) if checkpoint.is_dir() else [checkpoint]
    stats = [(path.name, path.stat()) for path in files if path.is_file()]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def state(exporter: Exporter, options: Options, repository: Path) -> State:
    """Compare what is installed with what an export with ``options`` would install."""
    manifests = {model: read_manifest(repository, model) for model in exporter.models}
    if not any(manifests.values()):
        return "missing"
    for model, manifest in manifests.items():
        if manifest is None or not is_whole(repository, model, manifest):
            return "broken"
    wanted = fingerprint(exporter, options, repository)
    fits = all(manifest and manifest.get("fingerprint") == wanted for manifest in manifests.values())
    return "current" if fits else "outdated"
