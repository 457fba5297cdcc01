"""Errors, on one line of stderr: a sentence for people, an object for machines."""

from __future__ import annotations

import json
import sys


def report(error: Exception, *, as_json: bool, **about: str) -> None:
    """Say what went wrong; `about` adds fields, such as file="speech.wav"."""
    if as_json:
        line = json.dumps({"error": str(error), "kind": type(error).__name__, **about}, ensure_ascii=False)
    else:
        said = " ".join(str(error).split())
        line = ": ".join(["liveroom", *(what for what in about.values() if what not in said), said])
    print(line, file=sys.stderr, flush=True)
