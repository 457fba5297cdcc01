"""Our stderr is ours alone: decoders in C write to it whatever they think of a file."""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """What C libraries (libmpg123, ALSA) write to file descriptor 2 goes nowhere; what Python says is seen.

    `sys.stderr` writes to a descriptor of its own meanwhile, so whatever thread says it, no word or traceback
    of ours is lost, and crashes are still told where `faulthandler` is on. Where `sys.stderr` is not
    descriptor 2, or closed, nothing is changed.
    """
    try:
        ours = sys.stderr
        usual = ours is not None and ours.fileno() == _STDERR
    except (OSError, ValueError):  # a stream that is no file
        usual = False
    if not usual:
        yield
        return
    ours.flush()
    kept = os.dup(_STDERR)
    seen = os.fdopen(os.dup(kept), "w", 1, ours.encoding, ours.errors)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    telling = faulthandler.is_enabled()
    if telling:
        faulthandler.enable(seen)
    sys.stderr = seen
    try:
        yield
    finally:
        sys.stderr = ours
        os.dup2(kept, _STDERR)
        os.close(kept)
        if telling:
            faulthandler.enable(ours)
        # `seen` is left open until nothing has it any more: a thread may be about to write
