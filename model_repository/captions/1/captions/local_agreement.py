"""Which words of a hypothesis have come to stay: those two hypotheses in a row agree on.

LocalAgreement-2 of "Turning Whisper into Real-Time Transcription System" (Macháček et al., 2023), over words,
or characters where words are written without spaces.
"""

import re

_UNSPACED = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u0e00-\u0eff\u1000-\u109f"
"""Scripts written without spaces: Chinese and Japanese with their punctuation, Thai, Lao, Burmese."""
_UNIT = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)")
_NOT_LETTERS = re.compile(r"[\W_]+")


def units(text: str) -> list[str]:
    """Words with the space before them; joined they give the text again, without space at its end."""
    return _UNIT.findall(text)


def unspaced(character: str) -> bool:
    """Whether it is of a script that is written without spaces."""
    return re.fullmatch(f"[{_UNSPACED}]", character) is not None


def stabilize(stable: str, before: str, now: str) -> str:
    """What is stable after the hypothesis `now` followed `before`; both begin with `stable`.

    Case and punctuation may still change, in the form that `now` gives them. The last word is never stable:
    more may come to it.
    """
    old, new = units(before[len(stable) :]), units(now[len(stable) :])
    agreed = 0
    while agreed < min(len(old), len(new) - 1) and _same(old[agreed], new[agreed]):
        agreed += 1
    return stable + "".join(new[:agreed])


def _same(one: str, other: str) -> bool:
    bare = [_NOT_LETTERS.sub("", word).casefold() for word in (one, other)]
    return bare[0] == bare[1] if any(bare) else one.strip() == other.strip()
