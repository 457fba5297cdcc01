"""The cache of plans: what was built and found right for one GPU and one TensorRT is not built again.

A folder for each GPU product and version of TensorRT holds its timing cache, and a plan per key with a record
beside it. A plan is there with its record or not at all, whenever the process is killed.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from liveroom._files import replacing

from exporters.contract import Measurement, Profile
from exporters.tensorrt.gpu import Gpu
from exporters.tensorrt.targets import Precision
from tooling.locks import locked
from tooling.sources import sha256


@dataclass(frozen=True)
class Key:
    """All that a plan depends on. ``onnx`` is the sha256 of the prepared graph, precision and all."""

    model: str
    gpu: Gpu
    onnx: str
    precision: Precision
    profiles: Mapping[str, Profile]

    @property
    def folder(self) -> str:
        """The cache's folder for this GPU and TensorRT, "nvidia-l4-sm8.9-trt10.13.3.9" for example."""
        product = re.sub(r"[^a-z0-9]+", "-", self.gpu.name.lower()).strip("-")
        return f"{product}-sm{self.gpu.compute_capability}-trt{self.gpu.tensorrt}"

    @property
    def name(self) -> str:
        """The name of the plan in that folder, without a suffix."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
        return f"{self.model}-{self.precision}-{digest[:16]}"


@dataclass(frozen=True)
class Cache:
    """A folder of plans, which several processes and GPUs may share."""

    root: Path

    def plan(self, key: Key) -> Path | None:
        """The plan of ``key``, whole, or None where it has to be built."""
        path = self._path(key)
        try:
            record = json.loads(path.with_suffix(".json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        whole = path.is_file() and sha256(path) == record["sha256"]
        return path if whole else None

    def measurements(self, key: Key) -> list[dict[str, object]]:
        """How far the cached plan of ``key`` was from fp32 when it was built."""
        record: dict[str, list[dict[str, object]]] = json.loads(
            self._path(key).with_suffix(".json").read_text()
        )
        return record["parity"]

    def keep(self, key: Key, plan: bytes, timings: bytes, measurements: Sequence[Measurement]) -> Path:
        """Put a plan that passed its gates into the cache, with its build's timings; return its path."""
        path = self._path(key)
        record = {
            **asdict(key),
            "sha256": hashlib.sha256(plan).hexdigest(),
            "parity": [measurement.record() for measurement in measurements],
        }
        _write(path, plan)
        _write(path.with_suffix(".json"), json.dumps(record, indent=2).encode())
        _write(path.parent / "timing.cache", timings)
        return path

    def timings(self, key: Key) -> bytes:
        """The timing cache of the GPU and TensorRT of ``key``; empty before the first build."""
        path = self._path(key).parent / "timing.cache"
        return path.read_bytes() if path.is_file() else b""

    @contextmanager
    def building(self, key: Key) -> Iterator[None]:
        """Let one process at a time build for a GPU: timing kernels side by side measures nothing."""
        with locked(self.root / f"{key.folder}.lock"):
            yield

    def _path(self, key: Key) -> Path:
        return self.root / key.folder / f"{key.name}.plan"


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, and on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(content)
