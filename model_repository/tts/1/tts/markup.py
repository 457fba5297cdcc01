"""A subset of SSML: what it says is text with marks in it, and who says which part how fast.

Parsed by expat with no document type allowed, so there are no entities but XML's own five, and by what is known
only: an element or attribute that would be passed over in silence is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from tts.cleaning import FIRST_MARK, LAST_MARK, Unspeakable
from tts.languages import Language
from tts.spans import Text

DEEPEST = 16
"""Elements within each other."""
LONGEST_BREAK = 10.0
"""Seconds."""
RATES = (0.5, 3.0)
"""Slowest and fastest; the graph itself keeps between them too."""
_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2}
_NAMED_RATES = {"x-slow": 0.6, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
_ATTRIBUTES = {
    "speak": {"version", "xmlns", "xml:lang", "xmlns:xsi", "xsi:schemaLocation"}, "p": {"xml:lang"}, "s": {"xml:lang"},
    "break": {"time", "strength"}, "say-as": {"interpret-as", "format", "detail"}, "sub": {"alias"},
    "phoneme": {"alphabet", "ph"}, "prosody": {"rate"}, "voice": {"name"}, "lang": {"xml:lang"},
}  # fmt: skip
_SAY_AS = (
    "characters", "spell-out", "digits", "telephone", "cardinal", "number", "ordinal", "date", "time", "currency", "fraction", "unit",
)  # fmt: skip

Mark = str | float
"""What a private character stands for: phonemes, or seconds of silence."""


@dataclass(frozen=True)
class Manner:
    """Who speaks, how fast, and in which language if that is said."""

    voice: str | None = None
    rate: float = 1.0
    language: Language | None = None


@dataclass
class Script:
    """What is to be spoken.

    Attributes:
        content: the text without markup, to which spans and words refer.
        parts: texts, and the manner of each.
        marks: what private characters in them stand for.
    """

    content: str = ""
    parts: list[tuple[Text, Manner]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def mark(self, value: Mark) -> str:
        """A private character for phonemes or a pause."""
        self.marks.append(value)
        if len(self.marks) > ord(LAST_MARK) - ord(FIRST_MARK):
            raise Unspeakable(f"text has more than {ord(LAST_MARK) - ord(FIRST_MARK)} marks: split it")
        return chr(ord(FIRST_MARK) + len(self.marks) - 1)

    def meaning(self, character: str) -> Mark | None:
        """What a character stands for, where it is a mark."""
        index = ord(character) - ord(FIRST_MARK)
        return self.marks[index] if 0 <= index < len(self.marks) else None


def plain(text: str) -> Script:
    """A text without markup."""
    kept = re.sub(f"[{FIRST_MARK}-{LAST_MARK}]", " ", text)
    return Script(text, [(Text.of(kept), Manner())])


def is_markup(text: str) -> bool:
    """Whether it is SSML: it begins with <speak>, or with what may come before that."""
    return bool(re.match(r"\s*<(?:speak[\s>/]|[?!])", text)) and "<speak" in text


def parsed(text: str) -> Script:
    """What SSML says.

    Raises:
        Unspeakable: it is not well-formed, or has what is not known here; says what, where, and what would be right.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(text.strip(), True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise Unspeakable(
            f"SSML is not well-formed: {what} at line {error.lineno}, column {error.offset + 1}; write &amp; for &, &lt; for <"
        ) from None
    return reader.script


def _no_doctype(*_: object) -> None:
    raise Unspeakable("SSML has a <!DOCTYPE>: leave it out, entities are not read")


def seconds_of(time: str) -> float:
    """The time of a break, such as 500ms or 1.5s.

    Raises:
        Unspeakable: it is none, or longer than LONGEST_BREAK.
    """
    match = re.fullmatch(r"\+?(\d{1,6}(?:\.\d{1,6})?)(ms|s)", time.strip())
    if not match:
        raise Unspeakable(
            f'<break time="{time[:40]}">: expected seconds or milliseconds, such as 0.5s or 500ms'
        )
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    if seconds > LONGEST_BREAK:
        raise Unspeakable(f'<break time="{time[:40]}">: at most {LONGEST_BREAK:g}s; use several')
    return seconds


def rate_of(rate: str) -> float:
    """The factor that a rate such as slow, 80%, +20% or 1.2 means.

    Raises:
        Unspeakable: it is none, or beyond RATES.
    """
    value = _NAMED_RATES.get(rate.strip().lower())
    if value is None:
        match = re.fullmatch(r"([+-]?)(\d{1,3}(?:\.\d{1,4})?)(%?)", rate.strip())
        if not match:
            raise Unspeakable(
                f'<prosody rate="{rate[:40]}">: expected {", ".join(_NAMED_RATES)}, a percentage such as 80%, or a factor'
            )
        number = float(match[2]) / (100 if match[3] else 1)
        value = {"": number, "+": 1 + number, "-": 1 - number}[match[1]]
    if not RATES[0] <= value <= RATES[1]:
        raise Unspeakable(
            f'<prosody rate="{rate[:40]}"> is {value:g} times: expected {RATES[0]:g} to {RATES[1]:g}'
        )
    return value


class _Reader:
    """Handlers of expat's."""

    def __init__(self) -> None:
        self.script = Script()
        self._open: list[tuple[str, dict[str, str]]] = []
        self._manners = [Manner()]
        self._held: tuple[int, int] | None = None
        """Where the content of a sub, phoneme or say-as begins in `content`, and how deep that is."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in _ATTRIBUTES:
            known = ", ".join(f"<{known}>" for known in _ATTRIBUTES)
            raise Unspeakable(f"<{name[:40]}> is not spoken here: expected {known}")
        if unknown := set(attributes) - _ATTRIBUTES[name]:
            raise Unspeakable(
                f"<{name} {min(unknown)[:40]}=...> is not known here: expected {', '.join(sorted(_ATTRIBUTES[name]))}"
            )
        if (name == "speak") != (not self._open):
            raise Unspeakable("SSML has one <speak>, and all else is within it")
        if len(self._open) >= DEEPEST:
            raise Unspeakable(f"SSML has more than {DEEPEST} elements within each other")
        if self._held:
            raise Unspeakable(f"<{name}> is within <{self._open[-1][0]}>, which takes text alone")
        self._open.append((name, attributes))
        self._manners.append(self._manner(name, attributes))
        if name == "break":
            self._pause(attributes)
        elif name in ("sub", "phoneme", "say-as"):
            self._check_reading(name, attributes)
            self._held = len(self.script.content), len(self._open)

    def _manner(self, name: str, attributes: dict[str, str]) -> Manner:
        manner = self._manners[-1]
        if language := attributes.get("xml:lang"):
            short = language.lower().partition("-")[0]
            if short not in ("zh", "en"):
                raise Unspeakable(f'xml:lang="{language[:20]}" is not spoken here: expected zh or en')
            manner = replace(manner, language="zh" if short == "zh" else "en")
        if name == "prosody":
            if "rate" not in attributes:
                raise Unspeakable("<prosody> has no rate: expected one, such as slow, 80% or 1.2")
            rate = manner.rate * rate_of(attributes["rate"])
            manner = replace(manner, rate=min(max(rate, RATES[0]), RATES[1]))
        if name == "voice":
            if not attributes.get("name"):
                raise Unspeakable("<voice> has no name")
            manner = replace(manner, voice=attributes["name"])
        return manner

    def _pause(self, attributes: dict[str, str]) -> None:
        strength = attributes.get("strength", "medium")
        if strength not in _STRENGTHS:
            raise Unspeakable(f'<break strength="{strength[:40]}">: expected {", ".join(_STRENGTHS)}')
        seconds = seconds_of(attributes["time"]) if "time" in attributes else _STRENGTHS[strength]
        at = len(self.script.content)
        self._say(Text.spoken(self.script.mark(seconds), (at, at)))

    def _check_reading(self, name: str, attributes: dict[str, str]) -> None:
        if name == "say-as" and attributes.get("interpret-as") not in _SAY_AS:
            raise Unspeakable(
                f'<say-as interpret-as="{attributes.get("interpret-as", "")[:40]}">: expected {", ".join(_SAY_AS)}'
            )
        if name == "sub" and not attributes.get("alias", "").strip():
            raise Unspeakable("<sub> has no alias, which is what to say")
        if name == "phoneme" and not attributes.get("ph", "").strip():
            raise Unspeakable("<phoneme> has no ph, the phonemes to say")
        if name == "phoneme" and attributes.get("alphabet", "ipa") not in ("ipa", "pinyin", "x-pinyin"):
            raise Unspeakable(f'<phoneme alphabet="{attributes["alphabet"][:40]}">: expected ipa or pinyin')

    def characters(self, data: str) -> None:
        kept = re.sub(f"[{FIRST_MARK}-{LAST_MARK}]", " ", data)
        begin = len(self.script.content)
        self.script.content += kept
        if self._held is None:
            self._say(Text.of(kept, begin))

    def end(self, name: str) -> None:
        from tts.lexicon import phonemes_of, pinyin_of  # noqa: PLC0415 - it reads markup's errors

        _, attributes = self._open.pop()
        if self._held and self._held[1] == len(self._open) + 1:
            begin, self._held = self._held[0], None
            content = self.script.content[begin:]
            span = begin, len(self.script.content)
            if name == "sub":
                self._say(Text.spoken(attributes["alias"], span))
            elif name == "phoneme":
                reading = pinyin_of if "pinyin" in attributes.get("alphabet", "ipa") else phonemes_of
                self._say(Text.spoken(self.script.mark(reading(attributes["ph"])), span))
            elif content.strip():
                self._say(
                    Text.spoken(said_as(attributes["interpret-as"], content, self._language(content)), span)
                )
        if name in ("p", "s"):
            at = len(self.script.content)
            self._say(Text.spoken("\n", (at, at)))
        self._manners.pop()

    def _language(self, content: str) -> Language:
        from tts.languages import language_of  # noqa: PLC0415 - used here only

        return self._manners[-1].language or language_of(content, language_of(self.script.content, "en"))

    def _say(self, text: Text) -> None:
        manner = self._manners[-1]
        if self.script.parts and self.script.parts[-1][1] == manner:
            text = Text.joined([self.script.parts.pop()[0], text])
        self.script.parts.append((text, manner))


def said_as(how: str, content: str, language: Language) -> str:
    """A text as a say-as has it said."""
    from tts import chinese_numbers, english_numbers  # noqa: PLC0415 - used here only

    content = content.strip()
    figures = re.sub(r"\D", "", content)
    if how in ("characters", "spell-out"):
        return " ".join(_spelled(character, language) for character in content if not character.isspace())
    if how in ("digits", "telephone") and figures:
        if language == "en":
            groups = re.findall(r"\d+", content)
            return ", ".join(english_numbers.digits(group) for group in groups)
        return chinese_numbers.digits(figures, one="幺" if how == "telephone" else "一")
    if how == "ordinal" and figures:
        return (
            english_numbers.ordinal(figures) if language == "en" else f"第{chinese_numbers.integer(figures)}"
        )
    if how in ("cardinal", "number") and re.fullmatch(r"[-+]?[\d,]+(?:\.\d+)?", content):
        return english_numbers.number(content) if language == "en" else chinese_numbers.number(content)
    return content


def _spelled(character: str, language: Language) -> str:
    from tts import chinese_numbers, english_numbers  # noqa: PLC0415 - used here only

    if character.isascii() and character.isdigit():
        return english_numbers.digits(character) if language == "en" else chinese_numbers.digits(character)
    return character.upper() if character.isascii() else character
