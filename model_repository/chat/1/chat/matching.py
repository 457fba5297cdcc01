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
_LATIN = re.compile(r"[0-9a-z]")
_TONES = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
"""Of the skin of emoji."""
_GONE = "\ue000"
"""Stands where an allowed word was, which nothing reaches across; lines have none when they are `folded`."""
_BETWEEN = rf"[^\pL\pN{_GONE}]*"
"""What may be put between the characters of a word of a script without spaces."""


def folded(text: str) -> str:
    """Without case, width, and what cannot be seen; white space is one space."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    seen = (
        c
        for c in unicodedata.normalize("NFD", plain)
        if (unicodedata.category(c) not in ("Cf", "Mn", "Cc", "Co") and c not in _TONES) or c.isspace()
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
        SettingsError: a word is none that can be seen; an expression is none, or takes too much memory.
    """

    def __init__(self, settings: Settings) -> None:
        latin: list[tuple[Word | Pattern, str]] = []
        dense, written = latin.copy(), latin.copy()
        for word in settings.words:
            plain = folded(word.text)
            if not plain:
                raise SettingsError(f"word {word.text!r} has nothing that can be seen: leave it out")
            letters = _letters(plain)
            if _has_signs(plain, letters):
                written.append((word, str(re2.escape("".join(plain.split())))))
            elif _LATIN.search(plain):
                latin.append((word, _bounded(plain, letters)))
            else:
                dense.append((word, str(re2.escape(letters))))
        self._latin, self._dense, self._written = _Set(latin), _Set(dense), _Set(written)
        self._patterns = _Set([(pattern, pattern.regex) for pattern in settings.patterns])
        allowed = sorted({folded(text) for text in settings.allowed} - {""}, key=len, reverse=True)
        self._allowed = _compiled("|".join(map(re2.escape, allowed)), "allowed") if allowed else None

    def hits(self, text: str, plain: str) -> Iterator[Hit]:
        """What is found in a line; `plain` is the line `folded`."""
        rest = self._rest(plain)
        for words, line in (
            (self._latin, rest),
            (self._dense, _letters(rest)),
            (self._written, "".join(rest.split())),
        ):
            for found in words.found(line):
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
        rest = self._rest(plain)
        return text if rest == plain else rest.replace(_GONE, " ")

    def _rest(self, plain: str) -> str:
        """A line that is `folded`, with `_GONE` in place of each allowed word."""
        if self._allowed is None:
            return plain
        parts, at = [], 0
        for match in self._allowed.finditer(plain):
            if not (_goes_on(plain, match.start()) or _goes_on(plain, match.end())):
                parts += [plain[at : match.start()], _GONE]
                at = match.end()
        return "".join([*parts, plain[at:]])


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


def _letters(plain: str) -> str:
    """Letters and digits of what is `folded`."""
    return "".join(c for c in plain if c.isalnum() or c == _GONE)


def _has_signs(plain: str, letters: str) -> bool:
    """Whether a word is what it is by its signs, rather than written with marks that a line may leave out."""
    marks = [c for c in plain if not c.isalnum() and not c.isspace()]
    return any(unicodedata.category(c)[0] == "S" for c in marks) or (
        bool(marks) and len(letters) < 2 and not _LATIN.search(plain)
    )


def _bounded(plain: str, letters: str) -> str:
    """An expression for a word with letters of an alphabet, which may not go on at its ends.

    Where it has others too anything may stand between its characters, as in words without such letters.
    """
    mixed = not all(_LATIN.match(c) for c in letters)
    word = _BETWEEN.join(map(re2.escape, letters)) if mixed else str(re2.escape(plain))
    first, last = (letters[0], letters[-1]) if mixed else (plain[0], plain[-1])
    start, end = (_OTHER.get(_kind(edge), "") for edge in (first, last))
    return (f"(?:^|{start})" if start else "") + word + (f"(?:{end}|$)" if end else "")


_OTHER = {"letter": "[^a-z]", "digit": "[^0-9]"}


def _kind(character: str) -> str:
    return "" if not _LATIN.match(character) else "digit" if character.isdigit() else "letter"


def _goes_on(plain: str, at: int) -> bool:
    """Whether the characters before and after `at` are of one word of an alphabet, or of one number."""
    return 0 < at < len(plain) and _kind(plain[at - 1]) == _kind(plain[at]) != ""


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
