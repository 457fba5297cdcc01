"""Count characters of the wrong script by the character sets of both, apart from any converter."""

_CLEARLY_CHINESE = ("\u4e00", "\u9fff")
_CANTONESE_AND_SLANG = frozenset("屌囧齁焗捯嬛嗐冇旳欸肏咁佢跩喺咗嘅哋")
"""Written in either script, though GB 2312 has no room for them."""


def of_the_other_script(text: str, *, traditional: bool = False) -> list[str]:
    """The characters of `text` that GB 2312 lacks and Big5 has: traditional ones; or the other way round.

    `traditional`: the text is to be traditional, so simplified ones are wanted.
    """
    ours, theirs = ("big5", "gb2312") if traditional else ("gb2312", "big5")
    first, last = _CLEARLY_CHINESE
    return [
        character
        for character in text
        if first <= character <= last
        and character not in _CANTONESE_AND_SLANG
        and not _has(ours, character)
        and _has(theirs, character)
    ]


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
