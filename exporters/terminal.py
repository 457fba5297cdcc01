"""Output that any terminal takes."""

import io
import sys


def write_any_text(*, as_json: bool) -> None:
    """Let no character end a command because stdout's encoding lacks it; JSON is always UTF-8.

    Python escapes such characters on stderr by itself.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8" if as_json else None, errors="replace")
