"""NVIDIA's perf_analyzer without setting anything up by hand.

What to know of it (2.50, the last whose binary runs on glibc before 2.38):
- It keeps every tensor it sends or gets until it ends, 1 GB after 1,000 requests of 1 MB. Windows are short.
- A caller who gets an error sends no more, and perf_analyzer fails before the next window; after the last one
  nobody looks. (Triton 24.10 can't be asked: it counts an error that a Python model answers as a success.)
- Of a decoupled model only requests with a response count, up to the first one.
- Sequences: each caller is one, with one request under way. Their ids are numbers, never strings.
"""

import csv
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tooling.sources import Library, Source

_BINARY = "tritonclient-2.50.0.data/data/bin/perf_analyzer"
_SOURCE = Source(
    package="tritonclient",
    version="2.50.0",
    platform="manylinux1_x86_64",
    files={_BINARY: "ae8cbf583a990235c617a50b380a7cd41e790ba8d414f382a8349e2ffbaae7fa"},
    license="BSD-3-Clause",
    origin="https://github.com/triton-inference-server/perf_analyzer",
    size=13_954_617,
)
_LIBRARIES = {"libb64.so.0d": "libb64-*.so.0d", "libcudart.so.12": "libcudart-*.so.12*"}
OWN_BINARY = "PERF_ANALYZER"
"""The environment variable with the path of another perf_analyzer, which has to run as it is."""
WINDOWS = 3
"""As many as perf_analyzer averages over."""
_SPARE_S = 60.0  # to start, to send large inputs once, and to end the sequences that are under way
_LONGEST_WINDOW_S = 20.0
_THREAD = re.compile(r"^Thread \[\d+\] had error: (\[request id: <id_unknown>\] )?")


@dataclass(frozen=True)
class Load:
    """What callers saw, `concurrency` of them, each sending the next request when it has its answer.

    Attributes:
        requests: how many the numbers are of, where that is known.
    """

    concurrency: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    requests: int = 0


class NothingAnsweredError(RuntimeError):
    """No request was answered in some window: it was too short."""


def measure(
    address: str, model: str, concurrency: int, *, window_s: float = 1.5, arguments: Sequence[str] = ()
) -> Load:
    """Loads a model over gRPC for three windows and returns what it did in all of them together.

    Windows in which nothing is answered are tried again with longer ones, up to 20 s.

    Args:
        address: host:port of the gRPC.
        model: which is loaded.
        concurrency: callers.
        window_s: length of a window.
        arguments: more options of perf_analyzer, ["--shape", "audio:16000"] for example.

    Raises:
        RuntimeError: perf_analyzer does not end, or fails, which it does when a request failed; with what it
            said.
    """
    try:
        return _measured(address, model, concurrency, window_s, arguments)
    except NothingAnsweredError:
        if window_s >= _LONGEST_WINDOW_S:
            raise
    return measure(
        address, model, concurrency, window_s=min(3 * window_s, _LONGEST_WINDOW_S), arguments=arguments
    )


def installed(library: Library) -> tuple[Path, dict[str, str]]:
    """The binary, and the variables it needs in its environment; fetched where it is not there yet.

    $PERF_ANALYZER is taken as it is.

    Raises:
        RuntimeError: its libraries are not there.
    """
    if own := os.environ.get(OWN_BINARY):
        return Path(own), {}
    binary = library.path(_SOURCE, _BINARY)
    binary.chmod(0o755)
    spec = find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise RuntimeError("perf_analyzer needs two libraries of nvidia-pytriton: pip install -e '.[server]'")
    wheel = Path(spec.origin).parent.parent / "nvidia_pytriton.libs"
    links = library.root / "perf_analyzer"
    links.mkdir(parents=True, exist_ok=True)
    for name, pattern in _LIBRARIES.items():
        fresh = links / f"{name}.{os.getpid()}"
        fresh.symlink_to(next(wheel.glob(pattern)))
        fresh.replace(links / name)  # another process may be starting
    return binary, {"LD_LIBRARY_PATH": str(links)}


def _measured(address: str, model: str, concurrency: int, window_s: float, arguments: Sequence[str]) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.csv"
        command = ["-m", model, "-u", address, "-i", "grpc", "-f", str(report)]
        command += ["--concurrency-range", str(concurrency), "--max-trials", str(WINDOWS)]
        command += ["--measurement-interval", str(round(window_s * 1000))]
        command += ["--stability-percentage", "999", *arguments]  # take the windows as they come
        printed = _run(model, command, WINDOWS * window_s * 3 + _SPARE_S)
        if not report.exists():
            raise NothingAnsweredError(
                f"model '{model}' left a window of {window_s:g} s without an answer, or was ten times faster"
                " in one than in another"
            )
        with report.open(newline="") as file:
            row = next(csv.DictReader(file))
    counted = re.search(r"Request count: (\d+)", printed)
    p50, p95, p99 = (int(row[f"p{percent} latency"]) / 1000 for percent in (50, 95, 99))
    requests = int(counted[1]) if counted else 0
    return Load(concurrency, float(row["Inferences/Second"]), p50, p95, p99, requests)


def _run(model: str, arguments: Sequence[str], limit_s: float) -> str:
    """What perf_analyzer printed."""
    binary, variables = installed(Library())
    with subprocess.Popen(
        [str(binary), *arguments],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            printed, said = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"perf_analyzer on model '{model}' did not end in {limit_s:.0f} s") from None
        finally:
            process.kill()
    lines = (_THREAD.sub("", line).strip() for line in (said or printed).splitlines())
    said = " ".join(dict.fromkeys(filter(None, lines)))  # each caller says the same
    if process.returncode == 0:
        return printed
    if "No valid requests recorded" in said or "Failed to obtain stable measurement" in said:
        raise NothingAnsweredError(f"model '{model}': {said[-500:]}")
    raise RuntimeError(f"perf_analyzer failed on model '{model}': {said[-500:]}")
