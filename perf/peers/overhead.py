"""What serving itself costs: an identity model [1, 16] through Triton and through a plain FastAPI service."""

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from rich.console import Console
from rich.table import Table

from perf.load import analyzer, http_load
from perf.load.analyzer import Load
from perf.peers import environments
from server import Triton
from server.launch import pick_port

VECTOR = 16
CONCURRENCY = (1, 8)
PEER = ("fastapi==0.121.2", "uvicorn[standard]==0.38.0", "onnxruntime==1.32.0", "numpy==1.26.4")
ONE_THREAD = ("--async", "--max-threads", "1")  # as the peer's client is
CONFIG = f"""
backend: "onnxruntime"
max_batch_size: 32
dynamic_batching {{ }}
instance_group {{ kind: KIND_CPU count: 1 }}
input {{ name: "x" data_type: TYPE_FP32 dims: [{VECTOR}] }}
output {{ name: "y" data_type: TYPE_FP32 dims: [{VECTOR}] }}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `python -m perf overhead`."""
    parser.add_argument("--rounds", type=int, default=3, help="both in turn; the median counts (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Measures both services in turn, on the same cores, and prints the medians."""
    with tempfile.TemporaryDirectory() as folder:
        model = write_identity(Path(folder) / "identity")
        console = Console(stderr=True)
        with console.status("setting up the peer's environment (once)"):
            python = environments.environment("fastapi", *PEER)
        loads: dict[tuple[str, int], list[Load]] = {}
        with Triton(folder) as triton, fastapi(python, model) as port, console.status("measuring") as status:
            body = np.zeros((1, VECTOR), np.float32).tobytes()
            for number in range(options.rounds):
                for callers in CONCURRENCY:
                    status.update(f"round {number + 1} of {options.rounds}, {callers} callers")
                    ours = analyzer.measure(triton.grpc, "identity", callers, arguments=ONE_THREAD)
                    loads.setdefault(("triton", callers), []).append(ours)
                    theirs = http_load.measure(port, "/infer", body, callers)
                    loads.setdefault(("fastapi", callers), []).append(theirs)
    medians = {key: _median(rounds) for key, rounds in loads.items()}
    if options.json:
        rows = [{"service": service, **asdict(load)} for (service, _), load in medians.items()]
        print(json.dumps({"rounds": options.rounds, "results": rows}))
    else:
        Console().print(_table(medians))
    return 0


def write_identity(folder: Path) -> Path:
    """Writes the Triton model `y = x`; returns its ONNX file."""
    dims: list[str | int | None] = ["batch", VECTOR]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "identity", [x], [y])
    file = folder / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    (folder / "config.pbtxt").write_text(CONFIG)
    return file


@contextlib.contextmanager
def fastapi(python: Path, model: Path) -> Iterator[int]:
    """Runs the FastAPI service; yields its port once it listens. Raises RuntimeError when it ends instead."""
    port = pick_port(0, "127.0.0.1", "FastAPI")
    service = Path(__file__).with_name("fastapi_service.py")
    with subprocess.Popen([str(python), str(service), str(model), str(port)]) as process:
        try:
            while not _listens(port):
                if process.poll() is not None:
                    raise RuntimeError(f"the FastAPI service ended with {process.returncode}")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _median(rounds: list[Load]) -> Load:
    fields = ("per_second", "p50_ms", "p95_ms", "p99_ms")
    values = {name: statistics.median(getattr(load, name) for load in rounds) for name in fields}
    return Load(rounds[0].concurrency, **values)


def _table(medians: dict[tuple[str, int], Load]) -> Table:
    table = Table("service", "callers", "infer/s", "p50 ms", "p95 ms", "p99 ms", title="identity [1, 16]")
    for (service, callers), load in medians.items():
        times = (f"{ms:.2f}" for ms in (load.p50_ms, load.p95_ms, load.p99_ms))
        table.add_row(service, str(callers), f"{load.per_second:,.0f}", *times)
    return table
