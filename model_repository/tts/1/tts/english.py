"""English words to the phonemes that Kokoro was trained on: misaki's dictionaries, then rules, then a network.

The dictionaries (Apache-2.0) are packed by the exporter. Where a word has several readings, the words around it
decide which part of speech it is; a tagger would cost more memory than the network that speaks.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from tts.spelling import Speller

Entry = str | dict[str, str | None]

_VOWELS = frozenset("AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻɐ")
_TAPPED = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
"""After these a t before an unstressed vowel is a tap."""
_FUNCTION_WORDS = frozenset(
    ["a", "an", "am", "as", "at", "be", "by", "do", "go", "he", "hi", "if", "in", "is", "it", "me", "my", "no", "of", "off", "oh", "ok", "on", "or", "so", "to", "up", "us", "we", "who", "her", "his", "him", "she", "the", "and", "but", "for", "not", "you", "all", "any", "are", "can", "did", "get", "had", "has", "how", "its", "let", "may", "new", "now", "one", "our", "out", "own", "per", "put", "say", "see", "too", "top", "two", "use", "was", "way", "why", "yes", "yet", "new", "hot", "buy", "sale", "free", "big", "day", "days", "off", "best", "only", "just", "more", "most", "real"]
)  # fmt: skip
_LETTERS_ANYWAY = frozenset(
    [
        "US",
        "ID",
        "AI",
        "PC",
        "TV",
        "IP",
        "IQ",
        "EQ",
        "HR",
        "PR",
        "UV",
        "CD",
        "DJ",
        "MC",
        "VR",
        "AR",
        "PS",
        "QQ",
        "VIP",
        "LED",
        "DIY",
        "GPS",
        "SUV",
        "CEO",
        "KOL",
        "SKU",
        "OTG",
        "NFC",
        "APP",
    ]
) - {"APP"}
_VERB_AFTER = frozenset(
    ["to", "will", "would", "can", "could", "should", "shall", "must", "may", "might", "i", "you", "we", "they", "please", "don't", "doesn't", "didn't", "won't", "can't", "let's", "not", "and'll", "i'll", "you'll", "we'll", "they'll", "who", "who'd"]
)  # fmt: skip
_NOUN_AFTER = frozenset(
    [
        "the",
        "a",
        "an",
        "my",
        "your",
        "our",
        "his",
        "her",
        "their",
        "its",
        "this",
        "that",
        "these",
        "those",
        "no",
        "some",
        "any",
        "every",
        "each",
        "of",
        "in",
        "for",
        "with",
        "on",
        "at",
        "from",
        "by",
        "new",
        "good",
        "great",
        "best",
        "one",
        "two",
        "three",
        "more",
        "most",
        "first",
        "last",
    ]
)
_PARTICIPLE_AFTER = frozenset(
    [
        "have",
        "has",
        "had",
        "was",
        "were",
        "been",
        "being",
        "be",
        "is",
        "are",
        "i've",
        "you've",
        "we've",
        "they've",
        "already",
        "just",
    ]
)
_BRANDS = {
    "iphone": "ˈIfˌOn", "ipad": "ˈIpˌæd", "imac": "ˈImˌæk", "ipod": "ˈIpˌɑd", "airpods": "ˈɛɹpˌɑdz", "huawei": "wˌɑwˈA", "xiaomi": "ʃˌWmˈi",
    "wechat": "wˈiʧˌæt", "tiktok": "tˈɪktˌɑk", "douyin": "dWjˈɪn", "taobao": "tˌWbˈW", "alibaba": "ˌɑlibˈɑbə", "oppo": "ˈɑpO", "vivo": "vˈivO",
    "dior": "diˈɔɹ", "chanel": "ʃənˈɛl", "lancome": "lɑnkˈOm", "shein": "ʃˌiˈɪn", "temu": "tˈimu", "wifi": "wˈIfˌI", "kol": "kˌAˌOˈɛl",
    "uniqlo": "jˈunikˌlO", "lululemon": "lˌuluˈlɛmən", "bilibili": "bˌɪlibˈɪli", "weibo": "wˈAbˌO", "gucci": "ɡˈuʧi", "prada": "pɹˈɑdə", "hermes": "ɛɹmˈɛz",
    "loreal": "lˌɔɹiˈæl", "l'oreal": "lˌɔɹiˈæl", "usb": "jˌuˌɛsbˈi", "tv": "tˌivˈi", "ok": "ˌOkˈA", "cetera": "sˈɛɾəɹə", "hdmi": "ˌAʧdˌiɛmˈI", "adidas": "ədˈidəs", "hermès": "ɛɹmˈɛz",
}  # fmt: skip
"""Names that the dictionaries lack and that rules would read wrongly."""
_WORD = re.compile(r"[a-z]+")


class English:
    """The pronouncing dictionary in a folder that the exporter wrote.

    Raises:
        FileNotFoundError: it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._entries: dict[str, Entry] = json.loads((folder / "english.json").read_bytes())
        self._speller = Speller(folder / "spelling.safetensors")
        self._reading = lru_cache(maxsize=4096)(self._uncached)

    def knows(self, word: str) -> bool:
        """Whether it is in the dictionary."""
        return word.lower() in self._entries or word in self._entries

    def phonemes(self, word: str, before: str = "", after: str = "", shouting: bool = False) -> str:
        """What a word sounds like between two others; `shouting`: all words around are in capitals too."""
        low = word.lower()
        if (said := self._weak_form(low, word, after)) is not None:
            return said
        return self._reading(word, before.lower(), after.lower(), shouting)

    def _weak_form(self, low: str, word: str, after: str) -> str | None:  # noqa: PLR0911 - a word each
        """The words whose sound depends on the one that follows."""
        vowel = bool(after) and self._starts_with_vowel(after)
        if low == "the":
            return "ði" if vowel else "ðə"
        if low == "a" and (word == "a" or after.islower()):
            return "ɐ" if after else "ˈA"
        if low == "an":
            return "ɐn"
        if low == "to":
            return "tu" if not after else "tʊ" if vowel else "tə"
        if low == "i" and word == "I":
            return "ˌI"
        if low == "used" and after.lower() == "to":
            return "jˈust"
        return None

    def _starts_with_vowel(self, word: str) -> bool:
        said = self._reading(word, "", "", False).lstrip("ˈˌ")
        return said[:1] in _VOWELS

    def _uncached(self, word: str, before: str, after: str, shouting: bool) -> str:
        low = word.lower()
        if low in _BRANDS:
            return _BRANDS[low]
        if len(word) == 1:
            return self._spelled(word)
        if word.isalpha() and word.isupper() and self._is_acronym(word, low, shouting):
            return self._spelled(word)
        return (
            self._looked_up(word, before, after)
            or self._of_parts(word)
            or self._stem(low, before, after)
            or self._compound(low)
            or (self._speller(low) if any(c in "aeiou" for c in low) else self._spelled(word))
        )

    def _is_acronym(self, word: str, low: str, shouting: bool) -> bool:
        if word in _LETTERS_ANYWAY:
            return True
        if low in _FUNCTION_WORDS or (shouting and low in self._entries):
            return False
        entry = self._entries.get(word)
        if isinstance(entry, dict) and "NOUN" in entry and entry["NOUN"] is None:
            return True
        if isinstance(entry, str):
            return False
        return not (low in self._entries and len(word) > 2) and (
            len(word) < 5 or not set(low) & set("aeiouy")
        )

    def _spelled(self, word: str) -> str:
        """Letter by letter, the last one stressed."""
        letters = [self._entry(letter.upper()) or "" for letter in word if letter.isalpha()]
        front = "".join(letter.replace("ˈ", "ˌ") for letter in letters[:-1])
        return front + (letters[-1] if letters else "")

    def _entry(self, word: str, *parts: str) -> str | None:
        """The reading of a dictionary entry as the first of these parts of speech that it has."""
        entry = self._entries.get(word)
        if not isinstance(entry, dict):
            return entry
        return next((entry[part] for part in (*parts, "DEFAULT") if entry.get(part)), None)

    def _looked_up(self, word: str, before: str, after: str) -> str | None:
        parts = _parts_of_speech(before, after)
        for form in dict.fromkeys((word, word.lower(), word.capitalize())):
            if found := self._entry(form, *parts):
                return found
        return None

    def _of_parts(self, word: str) -> str | None:
        """WeChat is We and Chat, and so is what has a hyphen in it."""
        pieces = [
            piece for piece in re.split(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_/.]", word) if piece
        ]
        if len(pieces) < 2:
            return None
        return " ".join(self._reading(piece, "", "", False) for piece in pieces)

    def _stem(self, low: str, before: str, after: str) -> str | None:
        """Plurals, possessives, and what verbs end with."""
        for ending, stems, add in (
            ("'s", (low[:-2],), _with_s), ("s'", (low[:-1],), str), ("'", (low[:-1],), str),
            ("ies", (f"{low[:-3]}y",), _with_s), ("es", (low[:-1], low[:-2]), _with_s), ("s", (low[:-1],), _with_s),
            ("ied", (f"{low[:-3]}y",), _with_ed), ("ed", (low[:-1], low[:-2], low[:-3]), _with_ed),
            ("ing", (low[:-3], f"{low[:-3]}e", low[:-4]), _with_ing), ("er", (low[:-1], low[:-2]), _with_er),
            ("ers", (low[:-2], low[:-3]), lambda stem: _with_er(stem) + "z"),
            ("ly", (low[:-2],), lambda stem: stem + "li"), ("ness", (low[:-4],), lambda stem: stem + "nəs"),
            ("less", (low[:-4],), lambda stem: stem + "ləs"), ("able", (low[:-4], f"{low[:-4]}e"), lambda stem: stem + "əbᵊl"),
        ):  # fmt: skip
            if not low.endswith(ending):
                continue
            for stem in stems:
                if len(stem) > 2 and (found := self._looked_up(stem, before, after)):
                    return add(found)
        return None

    def _compound(self, low: str) -> str | None:
        """Two words in one, such as livestream or skincare; the second one is weaker."""
        if not _WORD.fullmatch(low):
            return None
        splits = sorted(range(3, len(low) - 2), key=lambda at: abs(2 * at - len(low)))
        for at in splits:
            first, second = self._entry(low[:at]), self._entry(low[at:], "NOUN")
            if not second and low.endswith("s"):
                stem = self._entry(low[at:-1], "NOUN")
                second = _with_s(stem) if stem and len(low[at:-1]) > 2 else None
            if first and second and "ˈ" in first and "ˈ" in second:
                return first + second.replace("ˈ", "ˌ")
        return None


def _parts_of_speech(before: str, after: str) -> tuple[str, ...]:
    """What a word may be, the likeliest first, by the words around it."""
    if before in _PARTICIPLE_AFTER:
        return ("VBN", "VBD", "ADJ")
    if before in _VERB_AFTER:
        return ("VERB", "VB")
    if before in _NOUN_AFTER:
        return ("NOUN", "ADJ") if not after or after in _PARTICIPLE_AFTER | _NOUN_AFTER else ("ADJ", "NOUN")
    if not after:
        return ("None",)
    if not before and after in _NOUN_AFTER:
        return ("VERB",)
    return ()


def _with_s(stem: str) -> str:
    if stem[-1] in "ptkfθ":
        return stem + "s"
    return stem + ("ᵻz" if stem[-1] in "szʃʒʧʤ" else "z")


def _with_ed(stem: str) -> str:
    if stem[-1] in "pkfθʃsʧ":
        return stem + "t"
    if stem[-1] == "t" and len(stem) > 1 and stem[-2] in _TAPPED:
        return stem[:-1] + "ɾᵻd"
    return stem + ("ᵻd" if stem[-1] in "dt" else "d")


def _with_ing(stem: str) -> str:
    tapped = stem[-1] == "t" and len(stem) > 1 and stem[-2] in _TAPPED
    return (stem[:-1] + "ɾ" if tapped else stem) + "ɪŋ"


def _with_er(stem: str) -> str:
    tapped = stem[-1] == "t" and len(stem) > 1 and stem[-2] in _TAPPED
    return (stem[:-1] + "ɾ" if tapped else stem) + "əɹ"


def as_trained(phonemes: str) -> str:
    """Taps and glottal stops as the published weights know them."""
    return phonemes.replace("ɾ", "T").replace("ʔ", "t")
