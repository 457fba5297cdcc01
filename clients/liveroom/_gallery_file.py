"""A gallery on disk: an npz that numpy alone reads, without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidInput
from ._files import replacing

VERSION = 1
"""Of the file. Arrays: `version` [], `names` [people] of text, `counts` [people] of photos, and `embeddings`
float32 [photos, 128], of the first person, then of the second, and so on."""

EMBEDDING_SIZE = 128
MAX_PEOPLE = 10_000
MAX_PHOTOS = 32
"""Of one person."""
MAX_NAME_BYTES = 128

_MAX_FILE_BYTES = 4 * (MAX_PEOPLE * (MAX_PHOTOS * EMBEDDING_SIZE + MAX_NAME_BYTES)) + 65536
"""Of the arrays, unpacked: the largest gallery there can be."""


def write(path: Path, people: Mapping[str, NDArray[np.float32]]) -> None:
    """Write the file whole or not at all, readable by its owner alone.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path, 0o600) as part, part.open("wb") as file:
        np.savez(
            file,
            version=np.array(VERSION),
            names=np.array(list(people), np.str_),
            counts=np.array([len(known) for known in people.values()], np.int64),
            embeddings=np.concatenate([np.empty((0, EMBEDDING_SIZE), np.float32), *people.values()]),
        )


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """The embeddings [photos, 128] of every person; what they are is not checked.

    Raises:
        InvalidInput: there is no such file, or it is not a gallery, of another version, or damaged.
    """
    if not path.is_file():
        raise InvalidInput("it is not a file")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _MAX_FILE_BYTES:
            raise InvalidInput(f"it is no gallery: it holds {unpacked} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            return _people(dict(arrays))
    except InvalidInput:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds over a damaged file
        raise InvalidInput(f"it is no gallery, or damaged: {error}") from error


def _people(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.float32]]:
    version = arrays.get("version")
    if version is None or version.shape or version.dtype.kind != "i":
        raise InvalidInput("it is no gallery: it says no version")
    if version != VERSION:
        raise InvalidInput(f"it is a gallery of version {version}: expected {VERSION}")
    expected = {"names": ("U", 1), "counts": ("i", 1), "embeddings": ("f", 2)}
    found = {name: (array.dtype.kind, array.ndim) for name, array in arrays.items() if name != "version"}
    if found != expected:
        raise InvalidInput(f"it is damaged: it has {found}, expected {expected} (kind and dimensions)")
    names = [str(name) for name in arrays["names"]]
    counts = arrays["counts"].astype(np.int64)
    embeddings = arrays["embeddings"].astype(np.float32)
    if len(set(names)) != len(names) or len(counts) != len(names) or not all(counts > 0):
        raise InvalidInput("it is damaged: every name must be there once, with a count of photos")
    if counts.sum() != len(embeddings):
        raise InvalidInput(f"it is damaged: {counts.sum()} photos are counted, {len(embeddings)} are there")
    return dict(zip(names, np.split(embeddings, np.cumsum(counts)[:-1]), strict=True)) if names else {}
