"""How characters are built: what a character is written apart as (婊: 女表), and the part that says its sound."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

_LINE = re.compile(r"^(\d+|.):([a-z0-9/]+)\(([^)]*)\)$")

# Forms that a part takes inside a character, and the character it is when it stands alone.
STANDALONE: dict[str, str] = {
    pair[0]: pair[1]
    for pair in "亻人 氵水 扌手 讠言 钅金 饣食 纟丝 艹草 犭犬 忄心 礻示 衤衣 刂刀 龵手 龶丰 毋母 覀西 𧾷足 ⺼月 ⺌小 ⺈刀 氺水 訁言 灬火 罒网 辶走 攵文 牜牛 糹丝 訁言 釒金 飠食 ⻊足 丬爿 爫爪 ⺮竹 冫冰".split()
}

LONGEST = 4
"""Parts of a character that are still put together."""

Parts = Mapping[str, tuple[str, tuple[str, ...]]]


def decompositions(path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Of every character or numbered part in cjk-decomp: how its parts lie ("a": side by side), and which."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _LINE.match(line.strip().strip("'\"`+\\n ").rstrip("\\n")):
            parts = tuple(part for part in match[3].split(",") if part)
            copies = 3 if match[2].startswith("r3") else 2 if match[2] in {"ra", "rd"} else 1
            found[match[1]] = (match[2], parts * copies)
    return found


def written_apart(character: str, table: Parts, depth: int = 3) -> set[tuple[str, ...]]:
    """The ways to write a character as a row of at least two others."""
    parts = table.get(character, ("", ()))[1]
    if len(parts) < 2:
        return set()
    return {row for row in _rows(parts, table, depth) if 2 <= len(row) <= LONGEST}


def _rows(parts: tuple[str, ...], table: Parts, depth: int) -> Iterator[tuple[str, ...]]:
    for chosen in product(*(list(_alternatives(part, table, depth - 1)) for part in parts)):
        yield tuple(one for row in chosen for one in row)


def _alternatives(part: str, table: Parts, depth: int) -> Iterator[tuple[str, ...]]:
    if not part.isdigit():
        yield (STANDALONE.get(part, part),)
    inner = table.get(part, ("", ()))[1]
    if depth > 0 and len(inner) >= 2:
        yield from _rows(inner, table, depth)


def sounding(character: str, table: Parts) -> str:
    """The last part of a character, which says its sound in most: 妈 and 码 -> 马, 狗 -> 句; itself if it has none."""
    parts = table.get(character, ("", ()))[1]
    last = parts[-1] if len(parts) >= 2 else character
    return character if last.isdigit() else STANDALONE.get(last, last)
