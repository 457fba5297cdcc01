"""Results that can be judged later: what was measured, where, when and of which version."""

import errno
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil
from liveroom._files import replacing
from rich.console import Console

PROJECT = Path(__file__).parents[2]
BUILD = Path("build") / "perf"
_WIDE = 120
_PACKAGES = ("liveroom", "nvidia-pytriton", "onnxruntime", "numpy", "tritonclient", "grpcio")
_WEIGHTED = ("whisper_encoder", "whisper_decoder")
_BUSY = 0.5
"""Load average per core as a measurement begins, above which others may slow it."""
_ORIGIN = ("measured_at", "commit", "machine", "versions", "weights", "settings")


def provenance(settings: Mapping[str, object]) -> dict[str, object]:
    """When, where and of what a result is: commit, machine, versions, exported weights, settings.

    `load_1min` is the load average as the measurement begins: much above 0 means others were at work.
    """
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "cpu": _cpu(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "os": platform.platform(),
            "load_1min": round(os.getloadavg()[0], 2),
        },
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "weights": {name: _weights(name) for name in _WEIGHTED},
        "settings": dict(settings),
    }


def origin(result: Mapping[str, object]) -> dict[str, object]:
    """The part of a result that `provenance` gave it."""
    return {key: result[key] for key in _ORIGIN if key in result}


def flat(value: object, name: str = "") -> dict[str, object]:
    """Nested mappings as one: {"machine": {"cores": 2}} becomes {"machine.cores": 2}."""
    if not isinstance(value, Mapping):
        return {name: value}
    inner = (flat(inner_value, f"{name}.{key}" if name else str(key)) for key, inner_value in value.items())
    return {key: value for part in inner for key, value in part.items()}


def busy(result: Mapping[str, object]) -> str:
    """The load, "load 1.9 on 2 cores", where others may have slowed what was measured; "" where none did."""
    known = flat(origin(result))
    load, cores = known.get("machine.load_1min"), known.get("machine.cores")
    if isinstance(load, int | float) and isinstance(cores, int) and load > _BUSY * cores:
        return f"load {load:g} on {cores} cores"
    return ""


def save(path: Path, result: Mapping[str, object]) -> None:
    """Writes `result` as JSON, whole or not at all."""
    write(path, json.dumps(result, ensure_ascii=False, indent=2) + "\n")


def write(path: Path, content: str | bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OSError: it can't be written; the error names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode())


def check_writable(path: Path, *, folder: bool = False) -> None:
    """See, before minutes are spent on it, that a result can be written to `path`, or into it as a folder.

    Raises:
        OSError: it can't.
    """
    if path.is_dir() != folder and path.exists():
        code = errno.ENOTDIR if folder else errno.EISDIR
        raise OSError(code, f"{os.strerror(code)}: expected a {'folder' if folder else 'file'}", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path if path.exists() and (folder or not path.is_file()) else path.parent
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def load(path: Path) -> dict[str, object]:
    """The result in the file `path`.

    Raises:
        RuntimeError: it holds none.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RuntimeError(f"{path} can't be read as a result: {error}") from None
    if not isinstance(result, dict):
        raise RuntimeError(f"{path} is not a result: expected a JSON object, as --json prints it")
    return result


def console(*, as_json: bool) -> Console:
    """Where people are told things: stdout, or stderr while stdout is for JSON; files get wide tables."""
    terminal = (sys.stderr if as_json else sys.stdout).isatty()
    return Console(stderr=as_json, highlight=False, width=None if terminal else _WIDE)


def _commit() -> str | None:
    """The commit checked out, "+" behind it where files differ from it; None without git."""
    git = ["git", "-C", str(PROJECT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.decode().strip() + ("+" if changed.stdout.strip() else "")


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _weights(model: str) -> object:
    """The files that an exporter installed, as its manifest has them; None where there is no manifest."""
    manifest = PROJECT / "model_repository" / model / "1" / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8")).get("files") if manifest.is_file() else None
