"""Who is compared with: packages, the script that serves, layouts to choose from, and how requests come."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporters.onnx_tools import Floats
from perf.peers.wires import JsonHttp, RawHttp, V2Grpc, Wire

SERVICES = Path(__file__).parent / "services"
ONNXRUNTIME = ("onnxruntime==1.32.0", "numpy==1.26.4")
"""The same for everyone, and for us: see pyproject.toml."""
_LIGHT_BATCH, _HEAVY_BATCH = 32, 8


@dataclass(frozen=True)
class Layout:
    """So many processes, each with a session of so many threads, and the largest batch; 1 is no batching."""

    workers: int
    threads: int
    batch: int

    def __str__(self) -> str:
        workers = f"{self.workers} worker{'s' * (self.workers > 1)}"
        batches = f"batches up to {self.batch}" if self.batch > 1 else "no batching"
        return f"{workers} of {self.threads} thread{'s' * (self.threads > 1)}, {batches}"


@dataclass(frozen=True)
class Peer:
    """One way to serve an ONNX file.

    Attributes:
        package: whose version a result names.
        requirements: of its environment, pinned.
        script: in `services`.
        light, heavy: how requests get to it when the model computes little, and much; the script is told
            which.
        batches: whether it can put requests together.
        spread: whether each worker has a port of its own.
    """

    name: str
    package: str
    requirements: Sequence[str]
    script: str
    light: Wire
    heavy: Wire
    batches: bool = True
    spread: bool = False

    def wire(self, *, heavy: bool) -> Wire:
        """How requests get to it."""
        return self.heavy if heavy else self.light

    def layouts(self, *, heavy: bool) -> list[Layout]:
        """What is tried before it is measured, so that nobody is measured in a layout that does not suit it.

        A light model: one process, or one per core. A heavy one: a core for each process, or all cores for
        one; and with batching or without, since on a CPU a batch takes as long as its members one by one.
        """
        cores = len(os.sched_getaffinity(0))
        largest = (_HEAVY_BATCH if heavy else _LIGHT_BATCH) if self.batches else 1
        sides = [(cores, 1), (1, cores)] if heavy else [(1, 1), (cores, 1)]
        tried = [Layout(workers, threads, largest) for workers, threads in sides]
        if heavy:
            tried.append(Layout(cores, 1, 1))
        return list(dict.fromkeys(tried))


def _v2_body(x: Floats) -> object:
    tensor = {"name": "x", "datatype": "FP32", "shape": x.shape, "data": x.ravel().tolist()}
    return {"inputs": [tensor]}


def _v2_output(answer: object) -> object:
    return answer["outputs"][0]["data"] if isinstance(answer, dict) else None


FASTAPI = Peer(
    name="fastapi",
    package="fastapi",
    requirements=("fastapi==0.121.2", "uvicorn[standard]==0.38.0", *ONNXRUNTIME),
    script="fastapi_service.py",
    light=RawHttp(),
    heavy=RawHttp(),
    batches=False,
)
LITSERVE = Peer(
    name="litserve",
    package="litserve",
    requirements=("litserve==0.2.19", *ONNXRUNTIME),
    script="litserve_service.py",
    light=RawHttp(),
    heavy=RawHttp(),
)
BENTOML = Peer(
    name="bentoml",
    package="bentoml",
    requirements=("bentoml==1.4.39", *ONNXRUNTIME),
    script="bentoml_service.py",
    light=JsonHttp("/infer", body=lambda x: {"x": x.tolist()}, output=lambda answer: answer),
    heavy=RawHttp("/raw/infer", "raw float32 over HTTP, BentoML's own protocol behind it"),
)
MLSERVER = Peer(
    name="mlserver",
    package="mlserver",
    requirements=("mlserver==1.7.1", "uvloop==0.21.0", *ONNXRUNTIME),  # newer ones stop its workers
    script="mlserver_service.py",
    light=JsonHttp("/v2/models/model/infer", _v2_body, _v2_output, "JSON over HTTP (V2)"),
    heavy=V2Grpc("model", "x"),
)
RAY = Peer(
    name="ray-serve",
    package="ray",
    requirements=("ray[serve]==2.60.0", *ONNXRUNTIME),
    script="ray_service.py",
    light=RawHttp(),
    heavy=RawHttp(),
    spread=True,
)
PEERS: Mapping[str, Peer] = {peer.name: peer for peer in (FASTAPI, LITSERVE, BENTOML, MLSERVER, RAY)}
