"""NVIDIA's perf_analyzer without setting anything up by hand."""

import csv
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from exporters.sources import Library, Source

_BINARY = "tritonclient-2.50.0.data/data/bin/perf_analyzer"
# The last wheel whose binary runs on glibc before 2.38.
_SOURCE = Source(
    package="tritonclient",
    version="2.50.0",
    platform="manylinux1_x86_64",
    files={_BINARY: "ae8cbf583a990235c617a50b380a7cd41e790ba8d414f382a8349e2ffbaae7fa"},
    licence="BSD-3-Clause",
    origin="https://github.com/triton-inference-server/perf_analyzer",
    training_data="none",
    size=13_954_617,
)
_LIBRARIES = {"libb64.so.0d": "libb64-*.so.0d", "libcudart.so.12": "libcudart-*.so.12*"}
_WINDOWS = 3


@dataclass(frozen=True)
class Load:
    """What callers saw, `concurrency` of them, each sending the next request when it has its answer."""

    concurrency: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def measure(
    address: str, model: str, concurrency: int, *, window_s: float = 1.5, arguments: Sequence[str] = ()
) -> Load:
    """Loads a model over gRPC for three windows and returns their averages.

    arguments: more options of perf_analyzer, ["--shape", "audio:16000"] for example.
    Raises RuntimeError with what perf_analyzer said when it fails.
    """
    binary, libraries = _installed()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.csv"
        command = [str(binary), "-m", model, "-u", address, "-i", "grpc", "-f", str(report)]
        command += ["--concurrency-range", str(concurrency), "--max-trials", str(_WINDOWS)]
        command += ["--measurement-interval", str(round(window_s * 1000))]
        command += ["--stability-percentage", "999", *arguments]  # take the windows as they come
        environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode != 0 or not report.exists():
            said = " ".join((result.stderr or result.stdout).split())
            raise RuntimeError(f"perf_analyzer failed on model '{model}': {said[-500:]}")
        with report.open(newline="") as file:
            row = next(csv.DictReader(file))
    milliseconds = {p: int(row[f"p{p} latency"]) / 1000 for p in (50, 95, 99)}
    return Load(
        concurrency, float(row["Inferences/Second"]), milliseconds[50], milliseconds[95], milliseconds[99]
    )


@cache
def _installed() -> tuple[Path, Path]:
    """The binary, fetched and verified once, and a folder with the libraries it needs under its names."""
    library = Library()
    binary = library.path(_SOURCE, _BINARY)
    binary.chmod(0o755)
    spec = find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise RuntimeError("perf_analyzer needs two libraries of nvidia-pytriton: pip install -e '.[server]'")
    wheel = Path(spec.origin).parent.parent / "nvidia_pytriton.libs"
    links = library.root / "perf_analyzer"
    links.mkdir(parents=True, exist_ok=True)
    for name, pattern in _LIBRARIES.items():
        link = links / name
        link.unlink(missing_ok=True)
        link.symlink_to(next(wheel.glob(pattern)))
    return binary, links
