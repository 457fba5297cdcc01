"""A text -> the clauses to speak: what each sounds like, and which words of the original it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tts import chinese_reading, english_reading, pinyin, signs
from tts.cleaning import FIRST_MARK, HAN, LAST_MARK, LONGEST_TEXT, Unspeakable, cleaned
from tts.english import English, as_trained
from tts.languages import Language, language_of, sentences
from tts.lexicon import Lexicon
from tts.markup import Manner, Script, is_markup, parsed, plain
from tts.spans import Span, Text

_TOKEN = re.compile(
    rf"(?P<mark>[{FIRST_MARK}-{LAST_MARK}])|(?P<han>[{HAN}]+)|(?P<word>[A-Za-z]+(?:['-][A-Za-z]+)*'?)|(?P<stop>[，。！？；：、…—–,.!?;:\n()\"]|--+|(?<=\s)-(?=\s))|(?P<sign>[{signs.SIGNS}*/~^|_-])"
)
_STOPS = {
    "，": ",", "。": ".", "！": "!", "？": "?", "；": ";", "：": ":", "、": ",", "…": "…", "—": "—", "–": "—", "\n": ".", "-": "—", "(": ",", ")": ",", '"': "",
}  # fmt: skip
PAUSES = {".": 0.35, "!": 0.35, "?": 0.35, "…": 0.4, ";": 0.25, ":": 0.2, "—": 0.2, ",": 0.16, "": 0.0}
"""Seconds of silence after a clause that ends so, at speed 1."""


class Word(NamedTuple):
    """A word, its phonemes, and where it stands in the original; without phonemes it is a stop or a pause."""

    phonemes: str
    span: Span | None
    stop: str = ""
    pause: float = 0.0


@dataclass
class Clause:
    """What is spoken in one pass of the network.

    Attributes:
        words: with the stop that ends them.
        manner: who speaks, and how fast.
        pause: seconds of silence after it.
    """

    words: list[Word]
    manner: Manner
    pause: float = 0.0
    asked: bool = False
    """Whether somebody asked for that pause, rather than punctuation."""
    continued: bool = False
    """Whether the next one goes on with the last word of this one."""
    tokens: list[str] = field(default_factory=list)
    ranges: list[tuple[Span, int, int]] = field(default_factory=list)
    """Of each word: its span, and its first token and the one after its last."""


class Reader:
    """Turns texts into clauses.

    Args:
        english: the dictionary.
    """

    def __init__(self, english: English) -> None:
        self._english = english

    def script(self, text: str) -> Script:
        """What a request says, SSML or plain.

        Raises:
            Unspeakable: it is empty, too long, or bad markup.
        """
        size = len(text.encode(errors="surrogatepass"))
        if size > LONGEST_TEXT:
            raise Unspeakable(f"text has {size} bytes: at most {LONGEST_TEXT} a request; send it in several")
        if not text.strip():
            raise Unspeakable("text is empty: say something")
        return parsed(text) if is_markup(text) else plain(text)

    def words(self, script: Script, lexicon: Lexicon, default: Language) -> Iterator[tuple[Word, Manner]]:
        """The words of a script with what separates them.

        Raises:
            Unspeakable: a script that is not spoken here.
        """
        whole = language_of(script.content, default)
        for text, manner in script.parts:
            ready = cleaned(lexicon.applied(text, script))
            for sentence in sentences(ready):
                language = manner.language or language_of(sentence.characters, whole)
                for word in self._sentence(sentence, language, script):
                    yield word, manner

    def _sentence(self, sentence: Text, language: Language, script: Script) -> Iterator[Word]:
        reading = chinese_reading if language == "zh" else english_reading
        said = reading.as_said(sentence)
        tokens = list(_TOKEN.finditer(said.characters))
        latin = [match["word"] for match in tokens if match["word"]]
        shouting = len(latin) > 1 and all(word.isupper() for word in latin)
        for index, match in enumerate(tokens):
            span = said.span(match.start(), match.end())
            if match["mark"]:
                meaning = script.meaning(match["mark"])
                if isinstance(meaning, float):
                    yield Word("", None, pause=meaning)
                elif meaning:
                    yield Word(meaning, span)
            elif match["stop"]:
                stop = _STOPS.get(match["stop"][0], match["stop"][0])
                yield Word("", span if stop else None, stop=stop)
            elif match["sign"]:
                name = signs.name(match["sign"], language)
                yield from self._sign(name, language, span, _neighbor(tokens, index + 1))
            elif match["word"]:
                before, after = _neighbor(tokens, index - 1), _neighbor(tokens, index + 1)
                phonemes = as_trained(self._english.phonemes(match["word"], before, after, shouting))
                yield Word(phonemes, span)
            else:
                yield from _chinese(said, match)

    def _sign(self, name: str, language: Language, span: Span, after: str) -> Iterator[Word]:
        if not name:
            return
        if language == "zh":
            yield Word(pinyin.phonemes(name), span)
            return
        around = ["", *name.split(), after]
        said = [
            self._english.phonemes(around[i], around[i - 1], around[i + 1]) for i in range(1, len(around) - 1)
        ]
        yield Word(as_trained(" ".join(said)), span)


def _neighbor(tokens: list[re.Match[str]], index: int) -> str:
    """The word before or after, nothing over a stop or in another script."""
    return tokens[index]["word"] or "" if 0 <= index < len(tokens) else ""


def _chinese(said: Text, match: re.Match[str]) -> Iterator[Word]:
    words, at = pinyin.words(match[0]), match.start()
    for index, word in enumerate(words):
        after = words[index + 1] if index + 1 < len(words) else ""
        before = words[index - 1] if index else ""
        phonemes = pinyin.phonemes(word, before, after)
        if phonemes:
            yield Word(phonemes, said.span(at, at + len(word)))
        at += len(word)
