"""Folders of servers that were killed: the next one removes them, and never those of one that runs."""

import os
import re
import tempfile
from pathlib import Path

import pytest

from server import ServerError, process


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders and shared memory are, for the length of a test."""
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(process, "SHM", tmp_path / "shm")
    return tmp_path


def test_what_a_killed_server_left_is_removed_with_its_memory(places: Path) -> None:
    gone = places / f"liveroom-triton-{2**22 + 1}-abcdefgh"  # above Linux' highest process id
    gone.mkdir()
    (places / "shm" / f"{gone.name}1234").touch()
    fresh = process.fresh_folder("triton")
    assert sorted(each.name for each in places.iterdir()) == sorted((fresh.name, "shm"))
    assert not list((places / "shm").iterdir())


def test_a_killed_cluster_is_removed_with_its_replicas(places: Path) -> None:
    gone = places / f"liveroom-cluster-{2**22 + 1}-abcdefgh"
    replica = gone / "triton-1" / "liveroom-triton-7-abcdefgh"
    replica.mkdir(parents=True)
    (places / "shm" / f"{replica.name}1234").touch()
    process.fresh_folder("cluster")
    assert not gone.exists()
    assert not list((places / "shm").iterdir())


def test_what_runs_and_what_is_not_ours_stays(places: Path) -> None:
    for name in (f"liveroom-triton-{os.getppid()}-abcdefgh", "liveroom-triton-mine-abcdefgh", "liveroom-x"):
        (places / name).mkdir()
    log = places / f"liveroom-triton-{2**22 + 1}-abcdefgh.log"
    log.touch()
    before = set(places.iterdir())
    assert set(places.iterdir()) - {process.fresh_folder("triton")} == before


@pytest.mark.parametrize("name", ["有", "a b", "quo'te", "dol$lar", "semi;colon", "star*", "back`tick", "ö"])
def test_a_folder_that_a_shell_would_not_understand_is_not_used(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    folder = process.fresh_folder("test")
    assert re.fullmatch(r"[A-Za-z0-9/._-]+", str(folder))
    folder.rmdir()
    monkeypatch.setattr(process, "_OTHERS", ())
    with pytest.raises(ServerError, match=r"TMPDIR is .*ASCII letters"):
        process.fresh_folder("test")
