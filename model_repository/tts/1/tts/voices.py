"""Voices, and mixtures of them."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tts.cleaning import Unspeakable
from tts.languages import Language

Style = NDArray[np.float32]
MOST_MIXED = 8
_PART = re.compile(r"([A-Za-z_]{1,40})(?::(\d{1,3}(?:\.\d{1,6})?))?")


class Voices:
    """The voices of the folder that the exporter wrote: a style [256] for each number of phonemes."""

    def __init__(self, folder: Path) -> None:
        self._styles: dict[str, Style] = load_file(folder / "voices.safetensors")
        self.listed: dict[str, dict[str, str]] = json.loads((folder / "voices.json").read_bytes())
        self._mixed = lru_cache(maxsize=32)(self._mix)

    def language(self, voice: str) -> Language:
        """That of a voice, or of the first one of a mixture.

        Raises:
            Unspeakable: there is no such voice.
        """
        name = self._parts(voice)[0][0]
        return "zh" if self.listed[name]["language"].startswith("zh") else "en"

    def style(self, voice: str, phonemes: int) -> Style:
        """The style [1,256] in which a voice says so many phonemes.

        Raises:
            Unspeakable: see `language`.
        """
        styles: Style = self._mixed(voice)
        return np.asarray(styles[min(max(phonemes, 1), len(styles)) - 1], np.float32).reshape(1, -1)

    def _mix(self, voice: str) -> Style:
        parts = self._parts(voice)
        total = sum(weight for _, weight in parts)
        mixed = np.asarray(sum(self._styles[name] * (weight / total) for name, weight in parts), np.float32)
        return mixed.reshape(len(mixed), -1)

    def _parts(self, voice: str) -> list[tuple[str, float]]:
        """Names and weights of "zf_xiaoxiao:0.7,af_heart:0.3"."""
        parts = []
        for part in voice.split(","):
            match = _PART.fullmatch(part.strip())
            if not match or match[1] not in self.listed:
                known = ", ".join(self.listed)
                raise Unspeakable(
                    f"voice {part.strip()[:60]!r} is not known: expected one of {known}, or a mixture such as "
                    '"zf_xiaoxiao:0.7,af_heart:0.3"'
                )
            parts.append((match[1], float(match[2] or 1)))
        if len(parts) > MOST_MIXED or not math.fsum(weight for _, weight in parts):
            raise Unspeakable(
                f"voice mixes {len(parts)} voices: expected 1 to {MOST_MIXED}, not all of weight 0"
            )
        return parts
