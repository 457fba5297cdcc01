"""What `python -m perf` writes: nothing that it reads, nothing half, and a full disk loses no measurement."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from perf.__main__ import main
from tests.unit.test_perf_compare import models

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path: Path) -> tuple[Path, Path]:
    """Two results that can be compared."""
    runs = np.linspace(4.9, 5.1, 5)[None, :]
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(models(runs, 1000 / runs)))
    return tmp_path / "a.json", tmp_path / "b.json"


def test_a_result_that_is_read_is_not_written_over_under_any_name(
    results: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = results
    link = one.with_name("link.json")
    link.symlink_to(one)
    before = one.read_text()
    assert main(["compare", str(one), str(other), "--out", str(link)]) == 1
    assert f"{link} is what is read ({one}): expected another file" in capsys.readouterr().err
    assert one.read_text() == before


def folder(at: Path) -> Path:
    at.mkdir()
    return at


def below_a_file(at: Path) -> Path:
    at.touch()
    return at / "out.json"


@pytest.mark.parametrize(
    ("place", "says"), [(folder, "is a directory: expected a file"), (below_a_file, "file exists")]
)
def test_an_output_that_can_t_be_written_is_said_before_anything_is_measured(
    place: Callable[[Path], Path], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = place(tmp_path / "there")
    assert main(["asr", "--out", str(out)]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "there") in said
    assert says in said
    assert said.count("\n") == 1


def test_a_full_disk_loses_neither_what_was_measured_nor_the_result_before(
    results: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "compared.json"
    out.write_text("of yesterday")
    command = [sys.executable, "-m", "perf", "compare", *map(str, results), "--out", str(out), "--json"]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["kind"] == "compare"
    assert f"error: {out}: file too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert out.read_text() == "of yesterday"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.json", "b.json", "compared.json"]
