"""What every family says of a checkpoint that is none of its own, whatever its reader ends with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporters.contract import Exporter
from exporters.errors import ExportError
from tooling.errors import CommandError

_POINTER = b"version https://git-lfs.github.com/spec/"


@contextmanager
def reading(exporter: Exporter, checkpoint: Path | None) -> Iterator[None]:
    """Turn whatever the block ends with into a sentence, where it works on somebody's ``checkpoint``.

    Raises:
        ExportError: the file is empty, stands for another one, or is not what the exporter reads.
    """
    if checkpoint is None:
        yield
        return
    expected = f"expected {exporter.checkpoint}"
    if checkpoint.is_file():
        with checkpoint.open("rb") as file:
            begin = file.read(len(_POINTER))
        if not begin:
            raise ExportError(f"checkpoint {checkpoint} is empty: {expected}")
        if begin == _POINTER:
            raise ExportError(
                f"checkpoint {checkpoint} is a pointer of Git LFS: git lfs pull fetches its file"
            )
    try:
        yield
    except (CommandError, OSError, ModuleNotFoundError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise ExportError(
            f"checkpoint {checkpoint} can't be used: {expected}, whole and unchanged; reading it ended with "
            f"{type(error).__name__}{f': {said}' if said else ''}"
        ) from error
