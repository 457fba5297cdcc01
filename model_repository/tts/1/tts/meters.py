"""What the metrics say of spoken texts: how soon the first word was heard, how much was said, how texts ended."""

from __future__ import annotations

import time
from collections.abc import Mapping

from serving_common.metrics import Counters, Histogram, Teller
from tts.synthesis import SAMPLE_RATE

BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 5.0, 10.0)
"""Seconds; the service level is 0.6 s on idle cores."""
OUTCOMES = ("spoken", "cancelled", "failed")


class Meters:
    """Of all texts."""

    def __init__(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        one = [("tts",)]
        self._first = Histogram(
            "liveroom_speech_first_audio_seconds",
            "From when a text came until its first audio was there",
            ("model",),
            one,
            BOUNDS,
        )
        self._audio = Counters(
            "liveroom_speech_audio_seconds_total", "Seconds of audio spoken", ("model",), one
        )
        self._texts = Counters(
            "liveroom_speech_texts_total",
            "Texts by how they ended",
            ("model", "outcome"),
            [("tts", outcome) for outcome in OUTCOMES],
        )
        self._teller = Teller((*self._first.parts, self._audio, self._texts))

    def now(self) -> float:
        """The clock that `heard_first` reads."""
        return time.monotonic()

    def heard_first(self, began: float) -> None:
        """The first audio of a text that came at `began` is there."""
        self._first.observe(time.monotonic() - began, "tts")

    def ended(self, outcome: str, samples: int) -> None:
        """A text has ended after so many samples."""
        self._texts.add("tts", outcome)
        self._audio.add("tts", count=samples / SAMPLE_RATE)

    def close(self) -> None:
        """Tell what has not been told yet."""
        self._teller.close()
