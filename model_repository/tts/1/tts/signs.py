"""What signs are called where no rule about figures has said them."""

from __future__ import annotations

import re

_NAMES: dict[str, tuple[str, str]] = {
    "&": ("and", "和"), "+": ("plus", "加"), "=": ("equals", "等于"), "@": ("at", "艾特"), "%": ("percent", "百分号"), "‰": ("per mille", "千分号"),
    "×": ("times", "乘"), "÷": ("divided by", "除以"), "#": ("hashtag", ""), "±": ("plus or minus", "正负"), "∓": ("minus or plus", "负正"),
    "<": ("less than", "小于"), ">": ("greater than", "大于"), "≤": ("less than or equal to", "小于等于"), "≥": ("greater than or equal to", "大于等于"),
    "≮": ("is not less than", "不小于"), "≯": ("is not greater than", "不大于"), "≰": ("is not less than or equal to", "不小于等于"),
    "≱": ("is not greater than or equal to", "不大于等于"), "≠": ("is not equal to", "不等于"), "≡": ("is identical to", "恒等于"),
    "≢": ("is not identical to", "不恒等于"), "≈": ("about", "约等于"), "≉": ("is not about", "不约等于"), "∈": ("is in", "属于"),
    "∉": ("is not in", "不属于"), "√": ("square root of", "根号"), "∛": ("cube root of", "三次根号"), "∞": ("infinity", "无穷大"),
    "¢": ("cents", "美分"),
}  # fmt: skip
_LIKE = {
    "≦": "≤",
    "⩽": "≤",
    "≧": "≥",
    "⩾": "≥",
    "≅": "≈",
    "≃": "≈",
    "≇": "≉",
    "≄": "≉",
    "✕": "×",
    "✖": "×",
    "➗": "÷",
    "➕": "+",
}
KEPT = frozenset(_NAMES)
SIGNS = "".join(map(re.escape, _NAMES))
"""For a pattern's class."""
OPERAND = r"[^\W_]|[(√.]|[-+−]\s?\d"
"""What may follow a sign that compares."""


def usual(sign: str) -> str:
    """The sign that is read for one that means the same, or the same one."""
    return _LIKE.get(sign, sign)


def name(sign: str, language: str) -> str:
    """What a sign is called, "" where it is not spoken."""
    english, chinese = _NAMES.get(sign, ("", ""))
    return chinese if language == "zh" else english
