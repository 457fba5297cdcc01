"""What an export promises: gates, the manifest, and never a half-written model."""

import hashlib
import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from exporters.contract import Options, Profile, Weights
from exporters.errors import ExportError, GateError
from exporters.install import recover
from exporters.pipeline import Result, export
from exporters.state import settle, state
from exporters.tensorrt_lint import lint
from tests.unit.doubler import CONFIG, Doubler, repository
from tooling.sources import Library

DEFAULTS = Options()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "cache")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return repository(tmp_path / "repository")


def run(exporter: Doubler, models: Path, library: Library, options: Options = DEFAULTS) -> Result:
    return export(exporter, options, models, library)


def contents(models: Path) -> dict[str, str]:
    files = sorted(path for path in models.rglob("*") if path.is_file() and path.name != "config.pbtxt")
    return {str(path.relative_to(models)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_export_installs_the_files_beside_committed_code(models: Path, library: Library) -> None:
    assert run(Doubler(), models, library).status == "exported"
    assert sorted(contents(models)) == [
        "doubler/1/manifest.json",
        "doubler/1/model.onnx",
        "words/1/manifest.json",
        "words/1/model.py",
        "words/1/words.txt",
        "words/1/words/__init__.py",
    ]


def test_manifest_tells_where_a_model_comes_from_and_what_was_measured(
    models: Path, library: Library, tmp_path: Path
) -> None:
    (tmp_path / "data.txt").write_text("weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    source = Weights(
        package="weights",
        version="1",
        files={"data.txt": digest},
        license="MIT",
        origin="here",
        training_data="none",
    )
    local = Library(library.root, {"weights": tmp_path})
    run(Doubler(source=(source,)), models, local, Options(variant="fancy"))
    manifest = json.loads((models / "doubler/1/manifest.json").read_text())
    assert manifest["sources"][0]["files"] == {"data.txt": digest}
    assert (manifest["sources"][0]["license"], manifest["sources"][0]["training_data"]) == ("MIT", "none")
    assert manifest["opset"] == {"doubler/model.onnx": 17}
    assert manifest["precision"] == ["fp32"]
    assert manifest["options"]["variant"] == "fancy"
    assert manifest["parity"][0]["value"] == 0.0
    assert manifest["accuracy"][1]["limit"] == 0.9
    graph = manifest["files"]["model.onnx"]
    assert graph["sha256"] == hashlib.sha256((models / "doubler/1/model.onnx").read_bytes()).hexdigest()
    assert graph["tensorrt_profiles"]["number"] == [[1, 1], [4, 8], [8, 64]]


def test_a_second_export_is_skipped_until_something_changes(models: Path, library: Library) -> None:
    run(Doubler(), models, library)
    before = contents(models)
    assert run(Doubler(), models, library).status == "current"
    assert contents(models) == before
    config = models / "doubler" / "config.pbtxt"
    config.write_text(config.read_text() + "# changed\n")
    assert state(Doubler(), Options(), models) == "outdated"
    (models / "words/1/words.txt").unlink()
    assert state(Doubler(), Options(), models) == "broken"
    (models / "words/1/manifest.json").write_text('{"fingerprint": 7, "files": []}')
    assert state(Doubler(), Options(), models) == "broken"
    assert run(Doubler(), models, library).status == "exported"


@pytest.mark.parametrize(
    ("exporter", "message"),
    [
        (
            Doubler(factor=2.5),
            r"parity gate: difference \(fp32\) is 1.5, allowed is at most 1e-06 \(off by 1.5\)",
        ),
        (
            Doubler(accuracy=0.7),
            r"accuracy gate: score \(fp32\) is 0.7, allowed is at least 0.9 \(off by 0.2\)",
        ),
        (Doubler(accuracy=math.nan), "accuracy gate"),
        (Doubler(measured=False), "no parity"),
        (Doubler(dtype=TensorProto.DOUBLE), r"number is TYPE_FP32 \[-1, -1\] in the config and TYPE_FP64"),
        (Doubler(operator="BitShift", dtype=TensorProto.FLOAT), "not valid ONNX|BitShift"),
    ],
)
def test_a_gate_that_fails_names_itself_and_keeps_the_old_version(
    models: Path, library: Library, exporter: Doubler, message: str
) -> None:
    run(Doubler(), models, library)
    before = contents(models)
    with pytest.raises(GateError, match=message):
        export(exporter, Options(), models, library, force=True)
    assert contents(models) == before


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (CONFIG.replace("number", "digit"), "config has input digit.*graph has input number"),
        (CONFIG.replace("max_batch_size: 8", "max_batch_size: 0"), r"TYPE_FP32 \[-1\] in the config"),
        (CONFIG + 'input [ { name: "more" data_type: TYPE_INT32 dims: [ 1 ] } ]', "config has input more"),
        (
            CONFIG
            + 'sequence_batching { state [ { input_name: "s" output_name: "t" data_type: TYPE_FP32 } ] }',
            "config has input s .*config has output t",
        ),
        ("max_batch_size: many", "not a valid model config"),
    ],
)
def test_a_config_that_does_not_fit_the_graph_is_told(
    tmp_path: Path, library: Library, wrong: str, message: str
) -> None:
    models = repository(tmp_path / "wrong", wrong)
    with pytest.raises(ExportError, match=message):
        run(Doubler(), models, library)
    assert not (models / "doubler/1/model.onnx").exists()


def test_lint_tells_what_tensorrt_would_refuse(models: Path, library: Library) -> None:
    run(Doubler(), models, library)
    graph = models / "doubler/1/model.onnx"
    lint(graph, {"number": Profile((1, 1), (4, 8), (8, 64))})
    with pytest.raises(GateError, match="dynamic axes and no optimization profile"):
        lint(graph, {})
    with pytest.raises(GateError, match="does not fit its shape"):
        lint(graph, {"number": Profile((4, 1), (2, 8), (8, 64))})
    refused = models / "refused.onnx"
    value = helper.make_tensor_value_info("number", TensorProto.DOUBLE, [3, 3])
    node = helper.make_node("Det", ["number"], ["determinant"])
    determinant = helper.make_tensor_value_info("determinant", TensorProto.DOUBLE, [])
    onnx.save(helper.make_model(helper.make_graph([node], "refused", [value], [determinant])), str(refused))
    with pytest.raises(GateError, match="unsupported operators Det; number is TYPE_FP64"):
        lint(refused, {})


def test_options_of_the_installed_version_are_kept(models: Path, library: Library, tmp_path: Path) -> None:
    checkpoint = tmp_path / "mine.txt"
    checkpoint.write_text("mine")
    run(Doubler(), models, library, Options(checkpoint=checkpoint, precision="int8"))
    assert settle(Doubler(), Options(), models) == Options(checkpoint, "int8", None)
    assert settle(Doubler(), Options(variant="fancy"), models) == Options(None, "int8", "fancy")
    checkpoint.write_text("mine, trained on")
    assert state(Doubler(), settle(Doubler(), Options(), models), models) == "outdated"
    checkpoint.unlink()
    with pytest.raises(ExportError, match=r"mine\.txt does not exist.*--reset"):
        run(Doubler(), models, library, settle(Doubler(), Options(), models))


KILLED_EXPORT = """
import os, signal, sys
from pathlib import Path
from tests.unit.doubler import Doubler
from exporters.contract import Options
from exporters.pipeline import export
from tooling.sources import Library

left, rename = int(sys.argv[3]), Path.replace

def replace(self, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)

Path.replace = replace
export(Doubler(text="new"), Options(), Path(sys.argv[1]), Library(Path(sys.argv[2])), force=True)
"""


@pytest.mark.thorough
def test_a_kill_between_any_two_files_leaves_the_old_or_the_new_version(
    models: Path, library: Library
) -> None:
    """Each round is killed one rename later, until one gets through."""
    run(Doubler(text="old"), models, library)
    words, seen = models / "words/1/words.txt", set()
    for renames in range(20):
        command = [sys.executable, "-c", KILLED_EXPORT, str(models), str(library.root), str(renames)]
        code = subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode
        assert words.read_text() in ("old", "new")
        recover(models, Doubler.models)
        assert state(Doubler(), Options(), models) == "current"
        seen.add(words.read_text())
        assert not list(models.rglob("*.tmp"))
        assert not list(models.glob("*/.export"))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        export(Doubler(text="old"), Options(), models, library, force=True)
    assert code == 0
    assert renames >= 5
    assert seen == {"old", "new"}
