"""A moment of a live room as its terminal showed it, drawn as SVG: the picture in README.md."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from liveroom import Caption
from liveroom.cli._view import styled
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

WIDTH = 100
FORMAT = re.sub(r"@font-face {{.*?}}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Of rich, without fonts from the network: whoever looks at it has a monospaced one."""


def draw(captions: Sequence[Caption], file: Path) -> None:
    """Writes what `at_a_moment` shows of all captions of a room to a file, whose folder is made."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for caption in at_a_moment(captions):
        console.print(styled(caption))
    file.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="make live", code_format=FORMAT, unique_id="live")
    file.write_text(svg, encoding="utf-8")


def at_a_moment(captions: Sequence[Caption]) -> list[Caption]:
    """Finals up to the partial that has most to show of both its parts, in the later half, and that one."""
    partials = [number for number, caption in enumerate(captions) if not caption.is_final]
    if not partials:
        return list(captions)
    telling = partials[len(partials) // 2 :]
    moment = max(
        telling, key=lambda number: min(len(captions[number].stable), len(captions[number].unstable))
    )
    return [caption for caption in captions[:moment] if caption.is_final] + [captions[moment]]
