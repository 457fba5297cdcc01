"""Punctuation and spaces of Chinese as its readers expect them: only what was decoded, in another form.

A mark of a Chinese sentence is full-width. Those within numbers (3.14, 10:30, 1,000), of English sentences
and between two English words stay as they are, and so does a space between Chinese and what is not.
"""

import re

from serving_common.chinese_script import Script, is_chinese, simplified, written

_HAN = r"\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_WIDE = "，。？！：；、（）“”‘’…《》〈〉"
_MARKS = str.maketrans(",.?!:;", "，。？！：；")
_ENDS = re.compile(r"[。？！…?!]|\.(?=\s)")
_ELLIPSIS = re.compile(rf"(?<=[{_HAN}])\s*(?:\.{{2,}}|…+|。{{2,}})\s*|(?:\.{{2,}}|…+)\s*(?=[{_HAN}])")
_MARK = re.compile(r"(\s*)([,.?!:;]+)(\s*)")
_BRACKETS = re.compile(rf"\(([^()]*[{_HAN}][^()]*)\)")
_QUOTES = re.compile(r'"([^"]*)("|$)')
_SPACE = re.compile(
    rf"(?<=[{_HAN}])\s+(?=[{_HAN}{_WIDE}])|(?<=[{_WIDE}])\s+|\s+(?=[{_WIDE}])|^\s+(?=[{_HAN}])"
)
_CLOSING = "”’」』）)\"'"


def punctuated(text: str) -> str:
    """Chinese `text`, which may have other languages in it, with the marks and spaces of Chinese."""
    text = _QUOTES.sub(_quoted, text)
    text = _ELLIPSIS.sub("……", text)
    text = _BRACKETS.sub(r"（\1）", text)
    return _SPACE.sub("", _MARK.sub(_mark, text))


def chinese(text: str, language: str, script: Script, prefix: str = "") -> str:
    """Decoded `text`, in Whisper's `language`, as readers of `script` expect its Chinese; `prefix` stays."""
    if not is_chinese(text, language):
        return text
    served = written(punctuated(simplified(text)), script)
    if served.startswith(prefix) or not text.startswith(prefix):
        return served
    return prefix + written(punctuated(simplified(text[len(prefix) :])), script)


def _is_han(character: str) -> bool:
    return re.match(f"[{_HAN}{_WIDE}]", character) is not None


def _mark(found: re.Match[str]) -> str:
    """The mark in the form that what stands before it, and for some the next character, ask for."""
    text, mark = found.string, found[2]
    before = text[: found.start()].rstrip(_CLOSING)
    left, right = before[-1:], text[found.end() :][:1]
    glued = not found[3] and right.isascii() and right.isalnum()
    if not left:
        wide = False
    elif _is_han(left):
        wide = not (mark == "." and glued and right.islower())  # 百度.com
    elif glued:
        wide = False  # 3.14, 10:30, 1,000, liveroom.example
    elif right and not _is_han(right):
        wide = False
    elif right and mark[0] in ",:;":
        wide = True
    else:
        wide = _chinese_so_far(before)
    return mark.translate(_MARKS) if wide else found[0]


def _chinese_so_far(before: str) -> bool:
    """Whether the sentence that `before` ends in has Chinese in it."""
    return re.search(f"[{_HAN}]", _ENDS.split(before)[-1]) is not None


def _quoted(found: re.Match[str]) -> str:
    """A pair of straight quotation marks, or one that is still open, in or around Chinese as a curly one."""
    text = found.string
    around = text[: found.start()].rstrip()[-1:] + text[found.end() :].lstrip()[:1]
    if not any(map(_is_han, around + found[1])):
        return found[0]
    return f"“{found[1]}" + ("”" if found[2] else "")
