"""The command: what a name asks for, options that fit nothing, the list, and how fast nothing is done."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporters import cli, registry
from exporters.contract import Options
from exporters.pipeline import export
from exporters.sources import Library
from exporters.triton_config import needed_models
from tests.unit.doubler import Doubler, repository

ROOT = Path(__file__).parents[2]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the tiny family with an ensemble and a caller above it."""
    monkeypatch.setattr(registry, "all_exporters", lambda: {"doubler": Doubler()})
    monkeypatch.setattr(cli, "all_exporters", lambda: {"doubler": Doubler()})
    folder = repository(tmp_path / "repository")
    configs = {
        "pair": 'platform: "ensemble" ensemble_scheduling { step [ { model_name: "doubler" } ] }',
        "caller": 'backend: "python" parameters { key: "requires" value { string_value: "pair words" } }',
        "lonely": 'backend: "python"',
    }
    for name, text in configs.items():
        (folder / name).mkdir()
        (folder / name / "config.pbtxt").write_text(text)
    return folder


def run(models: Path, *arguments: str) -> int:
    return cli.main([*arguments, "--repository", str(models), "--cache", str(models.parent / "cache")])


def test_a_served_model_asks_for_the_exporters_of_all_it_needs(models: Path) -> None:
    assert needed_models(models, "caller") == ["caller", "pair", "words", "doubler"]
    assert [each.name for each in registry.select(["caller", "pair", "doubler"], models)] == ["doubler"]
    assert registry.select(["lonely"], models) == []


def test_one_line_per_exporter_for_machines(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(models, "caller", "--json", "--variant", "fancy") == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["exporter"], line["status"], line["models"]) == ("doubler", "exported", ["doubler", "words"])
    assert {each["gate"] for each in line["measurements"]} == {"parity", "accuracy"}
    assert run(models, "--json") == 0
    assert json.loads(capsys.readouterr().out)["status"] == "current"
    assert run(models, "--list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["state"], listed["options"]["variant"]) == ("current", "fancy")
    assert run(models, "--list", "--json", "--reset") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "outdated"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody"], "nobody is neither an exporter (doubler) nor a model of"),
        (["doubler", "--variant", "huge"], "--variant huge fits none of the exporters asked for (doubler: "),
        (["doubler", "--precision", "fp8"], "--precision fp8 fits none"),
        (["lonely", "--checkpoint", "x"], "fits none"),
    ],
)
def test_what_cannot_be_is_told_and_exits_with_2(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(models, *arguments, "--json") == 2
    assert message in json.loads(capsys.readouterr().out)["error"]


def test_a_failed_export_exits_with_1_and_says_why(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = models / "doubler" / "config.pbtxt"
    config.write_text(config.read_text().replace("doubled", "trebled"))
    assert run(models, "doubler") == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "the config has output trebled" in told


@pytest.mark.parametrize("arguments", [["--source", "nonsense"], ["--source", "=x"], ["--no-such-option"]])
def test_wrong_usage_exits_with_2(models: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(models, *arguments)
    assert ended.value.code == 2


def test_up_to_date_takes_less_than_a_second_and_no_torch(tmp_path: Path) -> None:
    """In a process of its own, with the tiny family in place of the real ones."""
    folder = repository(tmp_path / "repository")
    export(Doubler(), Options(), folder, Library(tmp_path / "cache"))
    code = (
        "import sys\n"
        "from exporters import cli, registry\n"
        "real = registry.all_exporters()\n"
        "assert {'log_mel', 'voice_activity', 'denoise'} <= set(real), real\n"
        "assert not {'torch', 'onnx', 'onnxruntime'} & set(sys.modules), 'heavy imports'\n"
        "from tests.unit.doubler import Doubler\n"
        "cli.all_exporters = registry.all_exporters = lambda: {'doubler': Doubler()}\n"
        "code = cli.main(sys.argv[1:])\n"
        "assert 'torch' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "--json",
        "--repository",
        str(folder),
        "--cache",
        str(tmp_path / "cache"),
    ]
    seconds = []
    for _ in range(3):
        start = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.monotonic() - start)
        assert json.loads(done.stdout)["status"] == "current"
    assert min(seconds) < 1.0


def test_help_shows_how_to_bring_ones_own_weights() -> None:
    command = [sys.executable, "-m", "exporters", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--checkpoint PATH" in told
    assert "--source PACKAGE=PATH" in told
