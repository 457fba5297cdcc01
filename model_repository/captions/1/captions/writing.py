"""Write a room's captions in the script that it asked for, without changing what is stable.

`asr` is asked for simplified characters, so that what it is given to go on from is what it heard: the words
of a region are not, and would lead it astray. They are put in here, where captions are shown.
"""

from dataclasses import dataclass

from captions.local_agreement import units
from serving_common.chinese_script import Script, is_chinese, script_of, simplified, written


@dataclass
class Shown:
    """What is shown of the stable part of a segment: `text`, for its first `length` characters as heard."""

    text: str = ""
    length: int = 0


def script_for(language: str) -> Script:
    """The script of a room; any where `asr` will refuse its language."""
    try:
        return script_of(language)
    except ValueError:
        return Script.SIMPLIFIED


def plain(language: str) -> str:
    """The language or candidates of a room as `asr` is to be asked: with zh for every way to write it."""
    tags = [tag.strip() for tag in language.split(",")]
    return ",".join("zh" if tag.lower().replace("_", "-").startswith("zh-") else tag for tag in tags)


def show(shown: Shown, text: str, stable: str, language: str, script: Script) -> str:
    """`text`, which begins with `stable`, as it is to be read; `shown` grows by what is stable now.

    It grows up to the last place that no character or word of the script reaches across.
    """
    done, rest = shown.text, text[shown.length :]
    convert = script is not Script.SIMPLIFIED and is_chinese(text, language)
    whole = written(text, script) if convert else text
    if not whole.startswith(done):
        whole = done + (written(rest, script) if convert else rest)
    pieces = units(stable[shown.length :])
    while pieces:
        more = "".join(pieces)
        upto = shown.length + len(more)
        before = text[:upto]
        head = written(before, script) if convert else before
        if not head.startswith(done):
            head = done + (written(more, script) if convert else more)
        if whole.startswith(head):
            shown.text, shown.length = head, upto
            break
        pieces.pop()
    return whole


def heard(text: str, language: str, script: Script) -> str:
    """Shown `text` as `asr` would have told it, for it to go on from."""
    return simplified(text, script) if is_chinese(text, language) else text
