"""The one routine every export goes through: fetch, build, check, lint, measure, install."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import onnx

from exporters.contract import Artifact, Exporter, Job, Measurement, Options, Weights
from exporters.errors import ExportError, GateError
from exporters.graph_check import check_backend, check_config
from exporters.install import install, recover
from exporters.soundness import check_answers, check_weights
from exporters.state import fingerprint, state
from exporters.tensorrt_lint import lint, opset
from exporters.triton_config import config_path, gpu_config_path
from tooling.locks import locked
from tooling.sources import Library, Source, sha256

SERVED_GRAPH = "model.onnx"
"""The file Triton's onnxruntime backend serves: its tensors are what ``config.pbtxt`` speaks of."""


@dataclass(frozen=True)
class Result:
    """How one export went."""

    exporter: str
    status: Literal["exported", "current"]
    seconds: float
    measurements: tuple[Measurement, ...] = ()


def export(
    exporter: Exporter, options: Options, repository: Path, library: Library, force: bool = False
) -> Result:
    """Export one family unless it is current.

    Raises:
        ExportError: nothing was changed in the repository; the message says why, and what to do.
    """
    start = time.monotonic()
    place = str(repository.resolve()).replace("/", "+")[-150:]
    with locked(library.root / "locks" / f"export-{exporter.name}-{place}.lock"):
        recover(repository, exporter.models)
        if not force and state(exporter, options, repository) == "current":
            return Result(exporter.name, "current", time.monotonic() - start)
        measurements = _export(exporter, options, repository, library)
    return Result(exporter.name, "exported", time.monotonic() - start, measurements)


def _export(
    exporter: Exporter, options: Options, repository: Path, library: Library
) -> tuple[Measurement, ...]:
    if options.checkpoint is not None and not options.checkpoint.exists():
        raise ExportError(
            f"{exporter.name}: checkpoint {options.checkpoint} does not exist; "
            "give another with --checkpoint, or go back to the default weights with --reset"
        )
    for model in exporter.models:
        check_backend(config_path(repository, model))
        if (for_gpus := gpu_config_path(repository, model)).is_file():
            check_backend(for_gpus)
    made_by = fingerprint(exporter, options, repository)
    sources = exporter.sources(options)
    for source in (*sources, *exporter.evaluation):
        library.fetch(source)
    with tempfile.TemporaryDirectory(prefix=f"export-{exporter.name}-", dir=library.root) as work:
        with library.progress.step(f"build {exporter.name}"):
            build = exporter.build(Job(options, Path(work), library))
            for artifact in build.artifacts:
                _check(artifact, repository)
        with library.progress.step(f"measure {exporter.name}"):
            measurements = tuple(build.measure())
        poor = _judge(exporter.name, measurements, options.allow_poor)
        facts = {
            "exporter": exporter.name,
            "fingerprint": made_by,
            "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "options": options.record(),
            "checkpoint": _checkpoint_record(options.checkpoint),
            "sources": [_source_record(source) for source in sources],
            "evaluation_data": [_source_record(source) for source in exporter.evaluation],
            "opset": _opsets(build.artifacts),
            "precision": sorted({artifact.precision for artifact in build.artifacts if artifact.precision}),
            "parity": [measurement.record() for measurement in measurements if measurement.gate == "parity"],
            "accuracy": [
                measurement.record() for measurement in measurements if measurement.gate == "accuracy"
            ],
            "poor": poor,
            "group_fairness": ("of the default weights: " if options.checkpoint else "")
            + exporter.group_fairness,
            "tools": {name: metadata.version(name) for name in ("torch", "onnx", "onnxruntime")},
        }
        install(repository, exporter.models, build.artifacts, facts)
    return measurements


def _check(artifact: Artifact, repository: Path) -> None:
    """The gates that need no data: a valid, sound graph, which fits its config and TensorRT could build."""
    if artifact.path.suffix != ".onnx":
        return
    try:
        onnx.checker.check_model(str(artifact.path))
    except onnx.checker.ValidationError as error:
        raise GateError(f"{artifact.model}/{artifact.path.name} is not valid ONNX: {error}") from error
    if artifact.path.name == SERVED_GRAPH:
        check_config(artifact.path, config_path(repository, artifact.model))
    if artifact.tensorrt:
        lint(artifact.path, artifact.profiles)
    check_weights(artifact.path)
    check_answers(artifact.path, artifact.profiles)


def _judge(name: str, measurements: Sequence[Measurement], allow_poor: bool) -> list[str]:
    """Refuse an export that lacks parity, breaks a limit, or is of no use; give what was let by."""
    if not any(
        measurement.gate == "parity" and measurement.limit is not None for measurement in measurements
    ):
        raise GateError(f"{name} measured no parity with its source model: an export without it is not done")
    failed = [measurement for measurement in measurements if not measurement.passed]
    if failed:
        raise GateError("; ".join(_verdict(name, measurement) for measurement in failed))
    poor = [
        f"{one.name} ({one.precision}) is {one.value:.4g}{one.unit}, of use is at "
        f"{'least' if one.higher_is_better else 'most'} {one.bound:.3g}{one.unit}"
        for one in measurements
        if not one.useful
    ]
    if poor and not allow_poor:
        raise GateError(
            f"{name} is of no use as it is: {'; '.join(poor)}. Give other weights, or say --allow-poor to "
            "export these all the same: their manifest will say so"
        )
    return poor


def _verdict(name: str, failed: Measurement) -> str:
    limit = failed.limit if failed.limit is not None else float("nan")
    side = "least" if failed.higher_is_better else "most"
    value, allowed, off = (
        f"{number:.4g}{failed.unit}" for number in (failed.value, limit, abs(failed.value - limit))
    )
    return (
        f"{name} fails its {failed.gate} gate: {failed.name} ({failed.precision}) is {value}, "
        f"allowed is at {side} {allowed} (off by {off})"
    )


def _opsets(artifacts: Iterable[Artifact]) -> dict[str, int]:
    graphs = [artifact for artifact in artifacts if artifact.path.suffix == ".onnx"]
    return {
        f"{graph.model}/{graph.path.name}": opset(onnx.load(str(graph.path), load_external_data=False))
        for graph in graphs
    }


def _source_record(source: Source) -> dict[str, object]:
    return {
        "package": source.package,
        "version": source.version,
        "registry": source.registry,
        "files": dict(source.files),
        "license": source.license,
        "origin": source.origin,
        **({"training_data": source.training_data} if isinstance(source, Weights) else {}),
    }


def _checkpoint_record(checkpoint: Path | None) -> dict[str, str] | None:
    """The sha256 of every file of a user's checkpoint."""
    if checkpoint is None:
        return None
    files = sorted(checkpoint.rglob("*")) if checkpoint.is_dir() else [checkpoint]
    return {str(path): sha256(path) for path in files if path.is_file()}
