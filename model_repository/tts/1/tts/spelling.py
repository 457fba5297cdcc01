"""How an English word that no dictionary has is said: g2p_en's network, letters in, ARPAbet out, in numpy."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Floats = NDArray[np.float32]

LONGEST_WORD = 40
"""Letters that are looked at; what is longer is cut in pieces of so many."""
_MOST_PHONEMES = 40
_LETTERS = {letter: index for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 3)}
_UNKNOWN, _END = 1, 2
_START_PHONEME, _END_PHONEME = 2, 3
_VOWELS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ", "IY": "i",
    "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}  # fmt: skip
_CONSONANTS = {
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n",
    "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_ORDER = [
    "<pad>",
    "<unk>",
    "<s>",
    "</s>",
    "AA0",
    "AA1",
    "AA2",
    "AE0",
    "AE1",
    "AE2",
    "AH0",
    "AH1",
    "AH2",
    "AO0",
    "AO1",
    "AO2",
    "AW0",
    "AW1",
    "AW2",
    "AY0",
    "AY1",
    "AY2",
    "B",
    "CH",
    "D",
    "DH",
    "EH0",
    "EH1",
    "EH2",
    "ER0",
    "ER1",
    "ER2",
    "EY0",
    "EY1",
    "EY2",
    "F",
    "G",
    "HH",
    "IH0",
    "IH1",
    "IH2",
    "IY0",
    "IY1",
    "IY2",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "OW0",
    "OW1",
    "OW2",
    "OY0",
    "OY1",
    "OY2",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "UH0",
    "UH1",
    "UH2",
    "UW",
    "UW0",
    "UW1",
    "UW2",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]
"""What the network's outputs mean, as g2p_en has them."""


class Speller:
    """The network of the file that the exporter wrote."""

    def __init__(self, path: Path) -> None:
        self._weights: dict[str, Floats] = load_file(path)

    def __call__(self, word: str) -> str:
        """The phonemes of a word in small letters."""
        pieces = [word[at : at + LONGEST_WORD] for at in range(0, len(word), LONGEST_WORD)]
        return " ".join(_misaki(self._arpabet(piece)) for piece in pieces)

    def _arpabet(self, word: str) -> list[str]:
        weights = self._weights
        hidden = np.zeros(weights["enc_w_hh"].shape[1], np.float32)
        for index in [*(_LETTERS.get(letter, _UNKNOWN) for letter in word), _END]:
            hidden = self._step("enc", weights["enc_emb"][index], hidden)
        said, last = [], _START_PHONEME
        for _ in range(_MOST_PHONEMES):
            hidden = self._step("dec", weights["dec_emb"][last], hidden)
            last = int((weights["fc_w"] @ hidden + weights["fc_b"]).argmax())
            if last == _END_PHONEME:
                break
            said.append(_ORDER[last])
        return said

    def _step(self, which: str, given: Floats, hidden: Floats) -> Floats:
        """One step of a GRU (Cho et al. 2014), its gates in torch's order: reset, update, new."""
        weights = self._weights
        ours = np.split(weights[f"{which}_w_ih"] @ given + weights[f"{which}_b_ih"], 3)
        theirs = np.split(weights[f"{which}_w_hh"] @ hidden + weights[f"{which}_b_hh"], 3)
        reset, update = (1 / (1 + np.exp(-(a + b))) for a, b in zip(ours[:2], theirs[:2], strict=True))
        new = np.tanh(ours[2] + reset * theirs[2])
        return np.asarray((1 - update) * new + update * hidden, np.float32)


def _misaki(arpabet: list[str]) -> str:
    """ARPAbet in the letters that Kokoro's phonemes have."""
    said = ""
    for symbol in arpabet:
        match = re.fullmatch(r"([A-Z]+)([012])?", symbol)
        if not match:
            continue
        name, stress = match[1], match[2] or "1"
        if name in _CONSONANTS:
            said += _CONSONANTS[name]
        elif name in _VOWELS:
            vowel = _VOWELS[name] if stress != "0" else {"AH": "ə", "ER": "əɹ"}.get(name, _VOWELS[name])
            said += {"1": "ˈ", "2": "ˌ", "0": ""}[stress] + vowel
    return said
