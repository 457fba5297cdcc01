"""The command: what a name asks for, options that fit nothing, the list, and how fast nothing is done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exporters import cli, registry, staging
from exporters.contract import Options
from exporters.pipeline import export
from exporters.triton_config import needed_models
from tests.unit.doubler import Doubler, repository
from tooling.sources import Library

ROOT = Path(__file__).parents[2]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the tiny family with an ensemble and a caller above it."""
    for module in (registry, staging):
        monkeypatch.setattr(module, "all_exporters", lambda: {"doubler": Doubler()})
    folder = repository(tmp_path / "repository")
    configs = {
        "pair": 'platform: "ensemble" ensemble_scheduling { step [ { model_name: "doubler" } ] }',
        "caller": 'backend: "python" parameters { key: "requires" value { string_value: "pair words" } }',
        "lonely": 'backend: "python"',
    }
    for name, text in configs.items():
        (folder / name).mkdir()
        (folder / name / "config.pbtxt").write_text(text)
        if "python" in text:
            (folder / name / "1").mkdir()
            (folder / name / "1" / "model.py").write_text("# committed")
    return folder


def run(models: Path, *arguments: str) -> int:
    return cli.main([*arguments, "--repository", str(models), "--cache", str(models.parent / "cache")])


def test_a_served_model_asks_for_the_exporters_of_all_it_needs(models: Path) -> None:
    assert needed_models(models, "caller") == ["doubler", "pair", "words", "caller"]
    assert [each.name for each in registry.select(["caller", "pair", "doubler"], models)] == ["doubler"]
    assert registry.select(["lonely"], models) == []


def test_what_only_a_checkpoint_fills_is_left_out_where_all_are_asked_for(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Doubler, "brought", True)
    assert run(models, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"exporter": "doubler", "status": "no weights"}


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


def test_a_model_that_nothing_makes_is_an_error_and_one_that_is_committed_is_named(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(models, "lonely", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"model": "lonely", "status": "nothing to export"}
    (models / "sentiment").mkdir()
    (models / "sentiment" / "config.pbtxt").write_text('backend: "onnxruntime"')
    assert run(models, "sentiment", "--json") == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert "nothing makes sentiment: no exporter fills it, and" in told
    assert "sentiment/1/model.onnx is not there" in told
    (models / "caller" / "config.pbtxt").write_text(
        'backend: "python" parameters { key: "requires" value { string_value: "sentiment" } }'
    )
    assert run(models, "caller", "--json") == 2, "nor what another needs"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("onnx", "onnxruntime"), ("onnxruntim", "onnxruntime"), ("", ""), ("Python", "python")],
)
def test_a_backend_that_is_none_is_refused_with_those_that_are(
    models: Path, capsys: pytest.CaptureFixture[str], wrong: str, right: str
) -> None:
    config = models / "doubler" / "config.pbtxt"
    config.write_text(config.read_text().replace('"onnxruntime"', f'"{wrong}"'))
    assert run(models, "doubler", "--json") == 1
    told = json.loads(capsys.readouterr().out)["error"]
    assert f'has backend: "{wrong}", which Triton does not have' in told
    assert f'"{right}" is meant perhaps' in told or not right
    assert "known are onnxruntime, python, tensorrt" in told
    assert not (models / "doubler" / "1" / "model.onnx").exists()


def test_what_is_of_no_use_is_refused_until_the_user_takes_it_and_then_it_says_so(
    models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = Doubler(error_percent=97.5)
    for module in (registry, staging):
        monkeypatch.setattr(module, "all_exporters", lambda: {"doubler": poor})
    assert run(models, "doubler") == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "of no use as it is: error rate (fp32) is 97.5 %, of use is at most 60 %" in told
    assert "--allow-poor" in told
    assert not (models / "doubler" / "1" / "manifest.json").exists()
    assert run(models, "doubler", "--allow-poor") == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "! doubler exported" in told
    assert "error rate 97.5 %" in told
    manifest = json.loads((models / "doubler" / "1" / "manifest.json").read_text())
    assert manifest["options"]["allow_poor"]
    assert manifest["poor"] == ["error rate (fp32) is 97.5 %, of use is at most 60 %"]
    assert run(models, "doubler", "--list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["state"], listed["poor"]) == ("current", manifest["poor"]), "what was allowed stays so"
    assert run(models, "doubler", "--list") == 0
    assert "poor" in capsys.readouterr().out
    assert run(models, "doubler", "--variant", "fancy") == 1, "but not for other weights"


def test_an_empty_folder_becomes_a_repository_of_ones_own(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "REPOSITORY", models)
    for name in ("mine", "new/below"):
        mine = tmp_path / name
        assert run(mine, "pair") == 0
        told = " ".join(capsys.readouterr().err.split())
        assert f"python -m server --repository {mine} --models pair" in told.replace("\n", "")
        assert needed_models(mine, "pair") == needed_models(models, "pair")
        assert (mine / "doubler" / "1" / "model.onnx").is_file()
        assert not (mine / "lonely").exists(), "nobody asked for it"
    assert run(tmp_path / "mine", "caller", "--json") == 0, "it grows"
    assert run(tmp_path / "mine", "--json") == 0
    (tmp_path / "file").write_text("")
    assert cli.main(["pair", "--json", "--repository", str(tmp_path / "file")]) == 2
    assert "is no folder" in capsys.readouterr().out.splitlines()[-1]


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


def test_up_to_date_takes_about_a_second_of_work_and_no_torch(tmp_path: Path) -> None:
    """In a process of its own, with the tiny family in place of the real ones."""
    folder = repository(tmp_path / "repository")
    export(Doubler(), Options(), folder, Library(tmp_path / "cache"))
    code = (
        "import sys\n"
        "from exporters import cli, registry, staging\n"
        "real = registry.all_exporters()\n"
        "assert {'log_mel', 'voice_activity', 'denoise'} <= set(real), real\n"
        "assert not {'torch', 'onnx', 'onnxruntime'} & set(sys.modules), 'heavy imports'\n"
        "from tests.unit.doubler import Doubler\n"
        "staging.all_exporters = registry.all_exporters = lambda: {'doubler': Doubler()}\n"
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
        before = os.times()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        after = os.times()
        seconds.append(after.children_user - before.children_user)
        assert json.loads(done.stdout)["status"] == "current"
    assert min(seconds) < 1.5, "seconds at work, whoever else is"


def test_help_shows_how_to_bring_ones_own_weights() -> None:
    command = [sys.executable, "-m", "exporters", "--help"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--checkpoint PATH" in told
    assert "--source PACKAGE=PATH" in told


def test_what_is_up_to_date_needs_no_cache_and_what_is_not_says_that_there_is_none(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(models, "doubler") == 0
    (tmp_path / "file").touch()
    nowhere = ["--repository", str(models), "--cache", str(tmp_path / "file" / "cache"), "--json"]
    assert cli.main(["doubler", *nowhere]) == 0
    capsys.readouterr()
    assert cli.main(["doubler", "--force", *nowhere]) == 1
    said = json.loads(capsys.readouterr().out)["error"]
    assert "file/cache" in said
    assert "name a folder that can with LIVEROOM_CACHE or --cache" in said


def test_without_a_home_the_cache_is_a_temporary_folder() -> None:
    ask = "import os, tooling.sources as s; os.setuid(54321); print(s.default_cache())"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    if os.getuid():
        pytest.skip("takes root to be a user without an entry")
    done = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=False
    )
    assert "liveroom-54321" in done.stdout, done.stderr
