"""Around the build: TensorRT's calls in order, what is refused, the cache of plans, and the fall-back.

The calls go to a recorder, for TensorRT is not to be had without its GPU; all else is real.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from exporters.contract import Measurement, Options, Profile
from exporters.errors import GateError
from exporters.onnx_tools import Array, Floats
from exporters.pipeline import export
from exporters.state import state
from exporters.tensorrt import attempt, builder, samples
from exporters.tensorrt.gpu import Gpu
from exporters.tensorrt.parity import Network, Tensors, on_cpu
from exporters.tensorrt.plans import Cache, Key
from exporters.tensorrt.target import Target
from exporters.tensorrt.targets import Plan
from exporters.triton_config import gpu_config_path, load_config
from tests.unit.doubler import CONFIG, PROFILES, Doubler, repository
from tooling.sources import Library

L4 = Gpu("NVIDIA L4", "8.9", "10.13.3.9")
Calls = list[tuple[object, ...]]


class Recorder:
    """Stands in for every object of the `tensorrt` module: notes each call, answers what it was told to."""

    def __init__(self, calls: Calls, answers: dict[str, object], path: str = "") -> None:
        self._calls, self._answers, self._path = calls, answers, path

    def __getattr__(self, name: str) -> object:
        path = f"{self._path}.{name}".lstrip(".")
        return self._answers[path] if path in self._answers else Recorder(self._calls, self._answers, path)

    def __call__(self, *arguments: object, **named: object) -> object:
        plain = [each for each in (*arguments, *named.items()) if not isinstance(each, Recorder)]
        self._calls.append((self._path, *plain))
        result = f"{self._path}()"
        return (
            self._answers[result] if result in self._answers else Recorder(self._calls, self._answers, result)
        )

    def __int__(self) -> int:
        return 1


def tensorrt(monkeypatch: pytest.MonkeyPatch, **answers: object) -> Calls:
    calls: Calls = []
    usual: dict[str, object] = {
        "__version__": "10.13.3.9",
        "OnnxParser().parse_from_file()": True,
        "Builder().build_serialized_network()": b"plan",
        "Builder().create_builder_config().get_timing_cache().serialize()": b"timings",
    }
    recorder = Recorder(calls, usual | answers)
    monkeypatch.setitem(sys.modules, "tensorrt", recorder)
    return calls


def test_a_plan_is_built_strongly_typed_with_its_profile_and_timings(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tensorrt(monkeypatch)
    assert builder.build(Path("m.onnx"), PROFILES, b"before") == (b"plan", b"timings")
    config, profile = "Builder().create_builder_config()", "Builder().create_optimization_profile()"
    assert calls == [
        ("Logger",),
        ("Builder",),
        ("Builder().create_network", 2),
        ("OnnxParser",),
        ("OnnxParser().parse_from_file", "m.onnx"),
        ("Builder().create_builder_config",),
        (f"{config}.set_memory_pool_limit", builder.WORKSPACE),
        (f"{config}.clear_flag",),
        (f"{config}.create_timing_cache", b"before"),
        (f"{config}.set_timing_cache", ("ignore_mismatch", False)),
        ("Builder().create_optimization_profile",),
        (f"{profile}.set_shape", "number", (1, 1), (4, 8), (8, 64)),
        (f"{config}.add_optimization_profile",),
        ("Builder().build_serialized_network",),
        (f"{config}.get_timing_cache",),
        (f"{config}.get_timing_cache().serialize",),
    ]


@pytest.mark.parametrize("refused", ["create_timing_cache()", "set_timing_cache()"])
def test_timings_of_another_cuda_are_begun_anew(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    config = "Builder().create_builder_config()"
    answer = None if refused.startswith("create") else False
    calls = tensorrt(monkeypatch, **{f"{config}.{refused}": answer})
    assert builder.build(Path("m.onnx"), PROFILES, b"before") == (b"plan", b"timings")
    assert [call[1] for call in calls if call[0] == f"{config}.create_timing_cache"] == [b"before", b""]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"OnnxParser().parse_from_file()": False, "OnnxParser().num_errors": 2,
          "OnnxParser().get_error().desc()": "no Det"}, "can't read the graph: no Det; no Det"),
        ({"Builder().build_serialized_network()": None}, "could not build the network"),
    ],
)  # fmt: skip
def test_what_tensorrt_refuses_is_told_in_its_words(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, object], message: str
) -> None:
    tensorrt(monkeypatch, **answers)
    with pytest.raises(GateError, match=message):
        builder.build(Path("m.onnx"), PROFILES, b"")


def measured(value: float = 0.001) -> Measurement:
    return Measurement(gate="parity", name="max difference of doubled from fp32", value=value, limit=0.1)


def test_a_key_is_one_for_each_thing_that_a_plan_depends_on(tmp_path: Path) -> None:
    key = Key("doubler", L4, "a" * 64, "fp16", PROFILES)
    assert key.folder == "nvidia-l4-sm8.9-trt10.13.3.9"
    others = [
        Key("doubler", Gpu("NVIDIA L40", "8.9", L4.tensorrt), key.onnx, "fp16", PROFILES),
        Key("doubler", Gpu(L4.name, "9.0", L4.tensorrt), key.onnx, "fp16", PROFILES),
        Key("doubler", Gpu(L4.name, "8.9", "11.4.0.106"), key.onnx, "fp16", PROFILES),
        Key("doubler", L4, "b" * 64, "fp16", PROFILES),
        Key("doubler", L4, key.onnx, "fp32", PROFILES),
        Key("doubler", L4, key.onnx, "fp16", {"number": Profile((1, 1), (4, 8), (8, 65))}),
    ]
    assert len({(each.folder, each.name) for each in (key, *others)}) == 7


def test_a_plan_is_in_the_cache_whole_or_not_at_all(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), Key("doubler", L4, "a" * 64, "fp16", PROFILES)
    assert cache.plan(key) is None
    path = cache.keep(key, b"plan", b"timings", [measured()])
    assert cache.plan(key) == path
    assert cache.timings(key) == b"timings"
    assert cache.measurements(key)[0]["value"] == 0.001
    assert sorted(each.name for each in path.parent.iterdir()) == sorted(
        [path.name, path.with_suffix(".json").name, "timing.cache"]
    )
    path.write_bytes(b"half")
    assert cache.plan(key) is None
    path.unlink()
    assert cache.plan(key) is None


Making = Callable[[Callable[[Network], Network]], Target]


@pytest.fixture
def making(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    """The tiny family on its way to a GPU; its plan runs as the prepared graph, through what a test asks."""
    models = repository(tmp_path / "models")
    gpu_config_path(models, "doubler").parent.mkdir()
    gpu_config_path(models, "doubler").write_text(CONFIG.replace("onnxruntime", "tensorrt"))
    export(Doubler(), Options(), models, Library(tmp_path / "cache"))
    plan = Plan({"doubled": 0.1})
    monkeypatch.setattr(attempt, "PLANS", {"doubler": plan})
    monkeypatch.setattr(samples, "feed", lambda profiles, side, library: {"number": numbers(side)})

    def numbers(side: str) -> Floats:
        shape = getattr(PROFILES["number"], side)
        return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)

    def make(through: Callable[[Network], Network]) -> Target:
        def build(graph: Path, profiles: object, timings: bytes) -> tuple[bytes, bytes]:
            return graph.read_bytes(), timings + b"."

        @contextmanager
        def run(content: bytes) -> Iterator[Network]:
            (tmp_path / "plan.onnx").write_bytes(content)
            yield through(on_cpu(tmp_path / "plan.onnx"))

        monkeypatch.setattr(builder, "build", build)
        monkeypatch.setattr(attempt, "on_gpu", run)
        return Target(models, Cache(tmp_path / "plans"), Library(tmp_path / "cache"), L4)

    return make


def manifest(on: Target) -> dict[str, dict[str, object]]:
    content: dict[str, dict[str, object]] = json.loads(
        (on.repository / "doubler/1/manifest.json").read_text()
    )
    return content


def test_a_plan_that_passes_is_installed_and_not_built_again(making: Making) -> None:
    on = making(lambda network: network)
    assert (made := on.make("doubler")).status == "built"
    assert made.precision == "fp16"
    assert [str(each["data"]) for each in made.parity] == [
        "prepared graph on the CPU, usual shape",
        "plan on the GPU, usual and smallest and largest shape",
    ]
    facts = manifest(on)
    assert facts["files"].keys() == {"model.onnx", "model.plan"}
    assert facts["tensorrt"]["gpu"] == {
        "name": "NVIDIA L4",
        "compute_capability": "8.9",
        "tensorrt": L4.tensorrt,
    }
    assert state(Doubler(), Options(), on.repository) == "current"
    assert on.make("doubler").status == "cached"
    assert "was in the cache" in on.make("doubler").line()


def only(*wrong: int) -> Callable[[Network], Network]:
    """Spoils the runs on the GPU of these numbers; a precision has three, one for each shape."""
    runs = count()

    def through(network: Network) -> Network:
        def run(tensors: Tensors) -> dict[str, Array]:
            outputs = network(tensors)
            if next(runs) in wrong:
                return {name: np.full(array.shape, np.nan, np.float32) for name, array in outputs.items()}
            return outputs

        return run

    return through


def test_a_plan_that_says_nan_is_refused_and_the_next_precision_tried(making: Making) -> None:
    on = making(only(2))
    made = on.make("doubler")
    assert (made.status, made.precision) == ("built", "fp32")
    assert "fp16: max difference of doubled from fp32 can't be told" in made.refused[0]
    assert manifest(on)["tensorrt"]["refused"] == list(made.refused)


def test_with_no_precision_left_onnxruntime_serves_and_the_manifest_warns(making: Making) -> None:
    assert making(lambda network: network).make("doubler").status == "built"
    on = making(only(*range(100)))
    shutil.rmtree(on.plans.root)
    made = on.make("doubler")
    assert (made.status, len(made.refused)) == ("onnxruntime", 2)
    assert "no precision passed: ONNX Runtime serves it" in made.line()
    config = load_config(gpu_config_path(on.repository, "doubler"))
    assert (config.backend, config.default_model_filename) == ("onnxruntime", "model.onnx")
    assert config.input == load_config(on.repository / "doubler/config.pbtxt").input
    facts = manifest(on)
    assert "ONNX Runtime serves the fp32 graph" in str(facts["tensorrt"]["warning"])
    assert facts["files"].keys() == {"model.onnx"}
    assert not (on.repository / "doubler/1/model.plan").exists()
