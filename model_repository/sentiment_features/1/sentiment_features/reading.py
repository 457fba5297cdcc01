"""How a line is read: forms that mean the same are written the same."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from sentiment_features.people import alike

LONGEST = 512
"""Characters of a line that count, from its beginning."""
_LINK = re.compile(r"https?://\S{1,200}|www\.\S{1,200}")
_NAME = re.compile(r"@\w{1,64}")
_RUN = re.compile(r"([^\n])\1{3,}")
_SPACE = re.compile(r"[^\S\n]+")
_CHINESE = (range(0x3400, 0xA000), range(0xF900, 0xFB00))


def read(lines: Sequence[str]) -> list[str]:
    """Lines as they are looked up, all at once: what is done costs less than how often.

    Full-width and other compatible forms, capitals and traditional characters become plain ones; links and
    names of others go; of a character that is repeated three are left, however many there were.
    """
    text = "\n".join([" ".join(line[: 2 * LONGEST].splitlines()) for line in lines])
    if not text.isascii():
        text = alike(unicodedata.normalize("NFKC", text).translate(simplified()))
    text = text.lower()
    if "@" in text:
        text = _NAME.sub(" ", text)
    if "www." in text or "://" in text:
        text = _LINK.sub(" ", text)
    text = _SPACE.sub(" ", _RUN.sub(r"\1\1\1", text))
    return [line[:LONGEST] for line in text.split("\n")]


@cache
def simplified() -> dict[int, str]:
    """Simplified characters for traditional ones, by OpenCC, one for one; and what keyboards write for '."""
    from opencc import OpenCC  # noqa: PLC0415 - its tables take a while to load

    characters = [chr(code) for block in _CHINESE for code in block]
    converted = OpenCC("t2s").convert("\n".join(characters)).split("\n")
    pairs = zip(characters, converted, strict=True)
    return {ord(old): new for old, new in pairs if old != new and len(new) == 1} | {ord("’"): "'"}
