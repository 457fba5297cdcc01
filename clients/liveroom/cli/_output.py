"""Where captions are written: what was there is not touched before there is something in its place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from .._files import naming, replacing, written_directly


@contextmanager
def text_output(path: str | None, *, live: bool) -> Iterator[Callable[[], TextIO]]:
    """A function that opens the output, to be called when there is the first thing to write.

    Of a recording the file is there, whole, when the block has ended well, and as it was after anything else.
    Of what is live it grows as it is written, so that others can follow it and a power cut leaves what was
    said; it is emptied when it is opened.

    Args:
        path: a file, or whatever else can be written to; None is stdout.
        live: whether it is written for as long as somebody speaks.

    Raises:
        OSError: it cannot be written; the message names `path`.
    """
    if path is None:
        yield lambda: sys.stdout
        return
    target, opened = Path(path), list[TextIO]()

    def once(file: Path) -> TextIO:
        if not opened:
            opened.append(file.open("w", encoding="utf-8"))
        return opened[0]

    with naming(target):
        if live or written_directly(target):
            if not written_directly(target):
                _check_writable(target)
            try:
                yield lambda: once(target)
            finally:
                for file in opened:
                    file.close()
            return
    with replacing(target) as part:
        try:
            yield lambda: once(part)
        finally:
            for file in opened:
                file.close()


def _check_writable(path: Path) -> None:
    """Raises OSError before anything is heard rather than when the first caption comes; changes nothing."""
    existed = path.exists()
    with path.open("a"):
        pass
    if not existed:
        path.unlink()
