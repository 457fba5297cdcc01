"""Words and expressions of a room, looked for in time that is in proportion to the line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from chat.settings import Pattern, Settings, SettingsError, Word

_MEMORY = 8 << 20
"""Bytes that the automaton of one room may take."""
_LATIN_EDGE = re.compile(r"[0-9a-z]")


def folded(text: str) -> str:
    """Without case, width, and what cannot be seen; white space is one space."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = (
        c
        for c in unicodedata.normalize("NFD", plain)
        if unicodedata.category(c) not in ("Cf", "Mn", "Cc") or c.isspace()
    )
    return " ".join(unicodedata.normalize("NFC", "".join(seen)).split())


def squeezed(text: str) -> str:
    """Letters and digits of what is `folded`, and runs of one character cut to two: "7777 77!" is "77"."""
    letters = "".join(c for c in text if c.isalnum())
    return re.sub(r"(.)\1+", r"\1\1", letters)


@dataclass(frozen=True)
class Hit:
    """A word or an expression that was found."""

    rule: str
    """"word" or "pattern"."""
    text: str
    action: str


class Matcher:
    """The words and expressions of one room.

    Raises:
        SettingsError: an expression is none, or takes too much memory.
    """

    def __init__(self, settings: Settings) -> None:
        # Words of scripts without spaces are found across what was put between their characters.
        words = [(word, folded(word.text)) for word in settings.words]
        latin = [(word, text) for word, text in words if _LATIN_EDGE.search(text)]
        other = [(word, "".join(text.split())) for word, text in words if not _LATIN_EDGE.search(text)]
        self._latin = _Set([(word, _bounded(text)) for word, text in latin])
        self._other = _Set([(word, re2.escape(text)) for word, text in other if text])
        self._patterns = _Set([(pattern, pattern.regex) for pattern in settings.patterns])
        allowed = [_bounded(folded(text)) for text in settings.allowed]
        self._allowed = _compiled("|".join(allowed), "allowed") if allowed else None

    def hits(self, text: str, plain: str) -> Iterator[Hit]:
        """What is found in a line; `plain` is the line `folded`."""
        dense = "".join(c for c in plain if c.isalnum())
        for found in (*self._latin.found(plain), *self._other.found(dense)):
            assert isinstance(found, Word)  # noqa: S101 for the type checker
            yield Hit("word", found.text, found.action)
        for found in self._patterns.found(text):
            assert isinstance(found, Pattern)  # noqa: S101 for the type checker
            yield Hit("pattern", found.regex, found.action)

    def without_allowed(self, text: str) -> str:
        """A line as it is to be scored: allowed words are left out."""
        if self._allowed is None:
            return text
        plain = folded(text)
        rest: str = self._allowed.sub(" ", plain)
        return text if rest == plain else rest


class _Set:
    """Many expressions that are looked for at once."""

    def __init__(self, items: list[tuple[Word | Pattern, str]]) -> None:
        options = re2.Options()
        options.max_mem, options.log_errors = _MEMORY, False
        self._items = [item for item, _ in items]
        self._set = re2.Set.SearchSet(options)
        for item, regex in items:
            if isinstance(item, Pattern):
                _compiled(regex, f"pattern {regex!r}")  # which says what is wrong with it
            self._set.Add(regex)
        if items:
            try:
                self._set.Compile()
            except re2.error as error:
                raise SettingsError("words and patterns take too much memory together: send fewer") from error

    def found(self, text: str) -> list[Word | Pattern]:
        if not self._items:
            return []
        return [self._items[index] for index in sorted(self._set.Match(text) or ())]


def _bounded(text: str) -> str:
    """An expression for a word, at whose ends no letter of an alphabet may go on."""
    start = r"\b" if _LATIN_EDGE.match(text[:1]) else ""
    end = r"\b" if _LATIN_EDGE.match(text[-1:]) else ""
    return start + str(re2.escape(text)) + end


def _compiled(regex: str, what: str) -> re2._Regexp:
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        return re2.compile(regex, options)
    except re2.error as error:
        said = error.args[0]
        why = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise SettingsError(
            f"{what} is no regular expression in RE2's syntax, which has no look-around and no "
            f"back-references: {why}"
        ) from error
