"""How Chinese is written: which script a language tag asks for, and text brought into it by OpenCC."""

import re
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC


class Script(Enum):
    """A way to write Chinese; the value is OpenCC's name of the conversion from simplified characters.

    Traditional characters alone are those of Taiwan, as CLDR takes zh-Hant to be; only the regions bring
    their own words.
    """

    SIMPLIFIED = ""
    TRADITIONAL = "s2tw"
    TAIWAN = "s2twp"
    HONG_KONG = "s2hkp"


_BACK = {Script.TAIWAN: "tw2sp", Script.HONG_KONG: "hk2sp"}
"""Conversions into simplified characters that also undo the words of a region."""
_TO_SIMPLIFIED = "tw2s"
"""The one that does not; the plain t2s leaves 看著."""
_REGIONS = {
    **dict.fromkeys(("cn", "sg", "my"), Script.SIMPLIFIED),
    "tw": Script.TAIWAN,
    **dict.fromkeys(("hk", "mo"), Script.HONG_KONG),
}
_DEFAULT = {"zh": Script.SIMPLIFIED, "yue": Script.HONG_KONG}
_TAG = re.compile(r"(?:-(hans|hant))?(?:-([a-z]{2}))?")
_OTHERS = ("ja", "ko")
"""Languages whose Chinese characters are not Chinese."""
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_KANA_OR_HANGUL = re.compile(r"[\u3041-\u30fa\u1100-\u11ff\uac00-\ud7a3]")

_LEFT_OVER = str.maketrans("妳祢牠祂砲瞇暸瑯叡", "你你它他炮眯瞭琅睿")
"""What OpenCC leaves of characters that only traditional Chinese has: pronouns and variants."""
_ME = str.maketrans("么", "麼")
"""Brought to one form first: OpenCC takes 么, out of place in traditional text, for 幺."""
_SPELT = re.compile("甚么")
_TO_CORNERS = str.maketrans("“”‘’", "「」『』")
_TO_CURLY = str.maketrans("「」『』", "“”‘’")
_APOSTROPHE = re.compile(r"(?<=[A-Za-z])’(?=[A-Za-z])")
_KEPT = "\ue000"
"""Stands for an apostrophe while quotation marks are exchanged."""


def script_of(language: str) -> Script:
    """The script that a language or candidates ask for: zh and whatever is not Chinese, simplified.

    Of several Chinese candidates the first counts.

    Raises:
        ValueError: a tag asks for none that is known.
    """
    found: list[Script] = []
    for tag in language.split(","):
        primary, dash, rest = tag.strip().lower().replace("_", "-").partition("-")
        if primary not in _DEFAULT:
            continue
        parts = _TAG.fullmatch(dash + rest)
        script, region = parts.groups() if parts else (None, None)
        if not parts or (region and region not in _REGIONS):
            raise ValueError(
                f"language is {language!r}; Chinese is written as zh or zh-Hans (zh-CN, zh-SG, zh-MY), "
                "zh-Hant, zh-TW, zh-HK or zh-MO"
            )
        if script == "hans":
            found.append(Script.SIMPLIFIED)
        elif region:
            regional = _REGIONS[region]
            plain = script and regional is Script.SIMPLIFIED
            found.append(Script.TRADITIONAL if plain else regional)
        else:
            found.append(Script.TRADITIONAL if script else _DEFAULT[primary])
    return found[0] if found else Script.SIMPLIFIED


def is_chinese(text: str, language: str) -> bool:
    """Whether `text`, in Whisper's `language`, has Chinese to be written one way or another.

    Also that which is mixed into other languages; not the Chinese characters of Japanese and Korean.
    """
    if language in _OTHERS or not _HAN.search(text):
        return False
    return language in _DEFAULT or not _KANA_OR_HANGUL.search(text)


def simplified(text: str, script: Script = Script.SIMPLIFIED) -> str:
    """Chinese in simplified characters and curly quotation marks; words of the region of `script` undone."""
    plain = _converter(_BACK.get(script, _TO_SIMPLIFIED)).convert(text.translate(_ME))
    return _SPELT.sub("什么", plain.translate(_LEFT_OVER)).translate(_TO_CURLY)


def written(text: str, script: Script) -> str:
    """Simplified Chinese written in `script`."""
    if script is Script.SIMPLIFIED:
        return text
    converted = _APOSTROPHE.sub(_KEPT, _converter(script.value).convert(text))
    return converted.translate(_TO_CORNERS).replace(_KEPT, "’")


@cache
def _converter(name: str) -> "OpenCC":
    """One of OpenCC's conversions: loaded, dictionaries and all, once it is wanted."""
    from opencc import OpenCC  # noqa: PLC0415 - only where Chinese is spoken

    return OpenCC(name)
