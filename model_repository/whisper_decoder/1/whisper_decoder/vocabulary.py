"""Token ids and text of the exported checkpoint, read from what the exporter wrote beside the decoder."""

import json
from pathlib import Path

from tokenizers import Tokenizer

_CALLED_OTHERWISE = {
    "cmn": "; Mandarin is zh",
    "yue": "; Cantonese is heard as zh, and written by zh-HK",
    "english": "; English is en",
    "chinese": "; Chinese is zh",
    "mandarin": "; Mandarin is zh",
    "cantonese": "; Cantonese is heard as zh, and written by zh-HK",
}


class LanguageError(ValueError):
    """A language that the checkpoint does not know; the message says which it does."""


class Vocabulary:
    """The ids that decoding needs, and text to tokens and back, out of vocabulary.json and tokenizer.json."""

    def __init__(self, folder: Path) -> None:
        ids = json.loads((folder / "vocabulary.json").read_text())
        self.start: int = ids["start"]
        self.end: int = ids["end"]
        self.prompt: list[int] = ids["prompt"]
        self.first_language: int = ids["first_language"]
        self.codes: list[str] = ids["codes"]
        """Language codes in the order of their tokens; empty for an English-only checkpoint."""
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; nothing in it is taken for a special token."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids if text else []
        return [i for i in ids if i < self.end]

    def decode(self, tokens: list[int]) -> str:
        """The text of `tokens`, without a character that was cut in the middle at its end."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return text.rstrip("\ufffd")

    def code(self, index: int) -> str:
        """The code of a language index; "en" for an English-only checkpoint."""
        return self.codes[index] if self.codes else "en"

    def indices(self, language: str) -> tuple[int, ...]:
        """Language indices for "auto" (any: empty), a code such as "en" or "zh-TW", or several: "en,zh".

        Raises:
            LanguageError: the checkpoint does not know one of them.
        """
        wanted = [code.strip().lower().replace("_", "-").split("-")[0] for code in language.split(",")]
        if wanted in (["auto"], [""]) or (not self.codes and set(wanted) == {"en"}):
            return ()
        known = self.codes or ["en"]
        for code in wanted:
            if code not in known:
                some = f"{len(known)} codes such as en and zh" if self.codes else "en, for it is English only"
                hint = _CALLED_OTHERWISE.get(code, "") if "zh" in known else ""
                raise LanguageError(f"language is {language!r}; this checkpoint knows auto and {some}{hint}")
        return tuple(self.codes.index(code) for code in wanted)
