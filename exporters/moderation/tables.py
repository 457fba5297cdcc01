"""The tables of the normalizing stage, out of what packages carry: see SOURCES of the package."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import opencc

from exporters.moderation import CONFUSABLES, DECOMPOSITIONS, PHRASES, PINYIN, pinyin, shapes
from exporters.moderation import EMOJI as EMOJI_NAMES
from exporters.moderation.emoji import EMOJI, FLAGS, QUIET

CODES = 0x32400
"""Code points that the tables know; what is above is a letter that nobody knows."""

DELETE, SEPARATOR = 0, 0x20
_EXPANDED = 6
"""Most characters that one code point becomes: 🇨🇳 counts as two."""

Arrays = dict[str, npt.NDArray[np.generic]]

# Marks that say nothing, wherever they stand: zero-width, direction, combining, variation, skin tones, tags.
_SILENT = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn"})
_FILLERS = frozenset({0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800})

_NAMELESS = (1, 2)
"""The groups of emoji that show people and parts of them, skin and hair: their names mean nothing."""


def character_table(emoji: Path, confusables: Path) -> Arrays:
    """What each code point becomes: `plain` int32 [CODES], and `expanded` int32 [n,6] where it is several.

    A negative entry -1 - i of `plain` is row i of `expanded`, which is padded with 0. `quiet` int32 [n] are
    words only beside characters, and `joined` int32 [n,2] no words where a zero-width joiner is between both.
    """
    simplify = opencc.OpenCC("t2s")
    looks = _looks(confusables)
    names = _emoji_names(emoji)
    plain = np.zeros(CODES, np.int32)
    rows: dict[str, int] = {}
    for code in range(CODES):
        text = _plain(chr(code), looks, names, simplify)
        if len(text) <= 1:
            plain[code] = ord(text) if text else DELETE
        else:
            plain[code] = -1 - rows.setdefault(text[:_EXPANDED], len(rows))
    for text in FLAGS.values():
        rows.setdefault(text, len(rows))
    expanded = np.zeros((len(rows), _EXPANDED), np.int32)
    for text, row in rows.items():
        expanded[row, : len(text)] = [ord(character) for character in text]
    flags = np.array(
        [[ord(pair[0]) - 65, ord(pair[1]) - 65, -1 - rows[text]] for pair, text in FLAGS.items()], np.int32
    )
    quiet = np.array(sorted(map(ord, QUIET | (names.keys() - EMOJI.keys()))), np.int32)
    return {"plain": plain, "expanded": expanded, "flags": flags, "quiet": quiet, "joined": _joined(emoji)}


def _joined(path: Path) -> npt.NDArray[np.int32]:
    """Neighbors [n,2] in pictures that are put together of several, such as families and professions."""
    pairs: set[tuple[int, int]] = set()
    for entry in json.loads(path.read_text(encoding="utf-8")):
        parts = [part.replace("\ufe0f", "") for part in str(entry["emoji"]).split("\u200d")]
        pairs.update((ord(one[0]), ord(other[0])) for one, other in pairwise(parts))
    return np.array(sorted(pairs), np.int32).reshape(-1, 2)


def _plain(
    character: str, looks: Mapping[str, str], names: Mapping[str, str], simplify: opencc.OpenCC
) -> str:
    """What one character becomes: several where it is an emoji with a name, or a ligature; "" for nothing."""
    code = ord(character)
    if character in names:
        return names[character]
    category = unicodedata.category(character)
    if character in "\t\n\r" or category.startswith("Z"):
        return " "
    if (
        code in _FILLERS
        or 0x1F3FB <= code <= 0x1F3FF
        or (category in _SILENT and not 0x1F1E6 <= code <= 0x1F1FF)
    ):
        return ""
    name = unicodedata.name(character, "")
    if small := re.search(r"^(?:MODIFIER LETTER |LATIN )+(?:LETTER )?(?:SMALL )?CAPITAL ([A-Z])$", name):
        return small[1].lower()
    character = _SUPPLEMENT.get(character, character)
    decomposed = unicodedata.normalize("NFKD", character)
    base = "".join(one for one in decomposed if unicodedata.category(one) not in _SILENT)
    base = "".join(looks.get(one, one) for one in unicodedata.normalize("NFKC", base).casefold())
    return str(simplify.convert(base)).strip()


# The CJK Radicals Supplement, which Unicode does not say to be characters.
_SUPPLEMENT = dict(
    zip(
        "⺀⺁⺂⺃⺄⺅⺆⺇⺈⺉⺊⺋⺌⺍⺎⺏⺐⺑⺒⺓⺔⺕⺖⺗⺘⺙⺛⺜⺝⺞⺟⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺳⺴⺵⺶⺷⺸⺹⺺⺻⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻨⻩⻪⻬⻮⻰⻱⻳",
        "冫厂乙乙乙亻冂几刀刂卜㔾小小兀兀尢尢巳幺彑彐忄忄扌攵旡日月歺母民氵水灬爫爪丬牛犭王疋目示礻竹糸纟罒罓罒罓网羊羊羊老肀聿月臼艹艹艹虍衤西西见角角讠贝足车辶辶辶阝钅长长长门阜阝雨青韦页风飞食食饣马骨鬼鱼鸟麦黄黾齐齿龙龟龟",
        strict=True,
    )
)


def _looks(path: Path) -> dict[str, str]:
    """Letters of other scripts that look like one of a to z, in Unicode's table of confusables."""
    table: dict[str, list[dict[str, str]]] = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for character, alike in table.items():
        letters = {other["c"].lower() for other in alike if re.fullmatch("[a-zA-Z]", other["c"])}
        if len(character) == 1 and ord(character) > 127 and letters and not _is_hanzi(character):
            letter = min(letters, key=lambda one: (one == "l", one))
            found[character] = letter
            found.update(
                {lower: letter for lower in [character.casefold()] if len(lower) == 1 and ord(lower) > 127}
            )
    return found | dict(
        zip("αβγεικνορτυχωвкмнтіѕїјһӏԁԛԝуърсхаео", "abyeiknoptuxwbkmhtisijhldqwybpcxaeo", strict=True)
    )


def _emoji_names(path: Path) -> dict[str, str]:
    """A short Chinese word for every emoji of one code point."""
    listed: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    for entry in listed:
        character = str(entry["emoji"]).rstrip("\ufe0f")
        if len(character) == 1 and ord(character) > 255 and entry.get("group") not in _NAMELESS:
            tags = [str(tag) for tag in entry.get("tags", ())]  # type: ignore[attr-defined]  # a list, by its schema
            label = str(entry["label"])
            chinese = [word for word in [*tags, label] if all(map(_is_hanzi, word))]
            inside = [word for word in chinese if word in label and word not in {"脸", "手", "动物"}]
            word = min(inside or chinese or [""], key=len)
            if word:
                names[character] = word[:_EXPANDED]
    return names | {emoji: word for emoji, word in EMOJI.items() if len(emoji) == 1}


def _is_hanzi(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U000323af"


def sound_table(readings: Mapping[int, str]) -> tuple[Arrays, list[str]]:
    """`syllable` int16 [CODES] (0: none), `initial` uint8 [CODES] (a letter), and the syllables by number."""
    alike = ["", *sorted({pinyin.fuzzy(syllable) for syllable in readings.values()})]
    numbers = {syllable: number for number, syllable in enumerate(alike)}
    syllable = np.zeros(CODES, np.int16)
    initial = np.zeros(CODES, np.uint8)
    digits = dict(
        zip("0123456789", ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"], strict=True)
    )
    said = {**readings, **{ord(digit): typed for digit, typed in digits.items()}}
    for code, typed in said.items():
        if code < CODES:
            syllable[code] = numbers[pinyin.fuzzy(typed)]
            initial[code] = ord(typed[0]) if code > 127 else 0
    return {"syllable": syllable, "initial": initial}, alike


def typed_syllables(
    readings: Mapping[int, str], common: Iterable[int], alike: list[str]
) -> dict[str, tuple[int, float]]:
    """Syllables as they are typed: the number of what each sounds like, and the cost of reading it."""
    counts = Counter(readings[code] for code in common if code in readings)
    numbers = {syllable: number for number, syllable in enumerate(alike)}
    total = sum(counts.values())
    return {
        typed: (numbers[pinyin.fuzzy(typed)], float(-np.log(count / total)))
        for typed, count in counts.items()
    }


def common_characters() -> list[int]:
    """The 6,763 characters of GB 2312, which is what people type, most of them in its first half."""
    found = []
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                found.append(ord(bytes([high, low]).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def shape_tables(decompositions: shapes.Parts, phrases: Iterable[str]) -> Arrays:
    """`sounding` int32 [CODES], and what rows of 2 to 4 characters are put together to.

    A row that is part of a common phrase stays as it is: 女子 is no 好.
    """
    sounding = np.arange(CODES, dtype=np.int32)
    for code in range(0x3400, 0xA000):
        sounding[code] = ord(shapes.sounding(chr(code), decompositions))
    natural = {phrase[i : i + n] for phrase in phrases for n in (2, 3, 4) for i in range(len(phrase) - n + 1)}
    rows: dict[str, int] = {}
    for code in common_characters():
        for apart in sorted(shapes.written_apart(chr(code), decompositions)):
            written = "".join(apart)
            if len(written) == len(apart) and written not in natural and all(map(_is_hanzi, written)):
                rows.setdefault(written, code)
    part = np.arange(CODES, dtype=np.int32)
    for form, alone in shapes.STANDALONE.items():
        part[ord(form)] = ord(alone)
    tables: Arrays = {"sounding": sounding, "part": part}
    for length in range(2, shapes.LONGEST + 1):
        chosen = sorted(row for row in rows if len(row) == length)
        tables[f"apart{length}"] = np.array(
            [[*map(ord, row), rows[row]] for row in chosen], np.int32
        ).reshape(-1, length + 1)
    return tables


def all_tables(files: Mapping[str, Path], natural: npt.NDArray[np.int32]) -> Arrays:
    """Everything that the normalizing stage reads.

    Args:
        files: of the sources, by their names in them.
        natural: neighbors [n,2] that stay apart though they make up one character.
    """
    readings = pinyin.readings(files[PINYIN])
    sounds, alike = sound_table(readings)
    typed = typed_syllables(readings, common_characters(), alike)
    phrases: dict[str, object] = json.loads(files[PHRASES].read_text(encoding="utf-8"))
    return {
        **character_table(files[EMOJI_NAMES], files[CONFUSABLES]),
        **sounds,
        **shape_tables(shapes.decompositions(files[DECOMPOSITIONS]), phrases),
        "natural": natural,
        "typed_names": np.array(list(typed)),
        "typed_numbers": np.array([number for number, _ in typed.values()], np.int16),
        "typed_costs": np.array([cost for _, cost in typed.values()], np.float32),
    }
