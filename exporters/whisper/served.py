"""The code that serves Whisper, imported from the model repository: what is measured is what will run."""

import sys
from pathlib import Path

_REPOSITORY = Path(__file__).parents[2] / "model_repository"
sys.path += [str(_REPOSITORY / model / "1") for model in ("waveform", "whisper_decoder")]

from audio import normalise  # noqa: E402 - after its folder is on the path
from decoding import POSITIONS, WINDOW, Decoder, Hypothesis, Request  # noqa: E402
from network import Network  # noqa: E402
from punctuation import chinese  # noqa: E402
from script import script_of  # noqa: E402
from vocabulary import Vocabulary  # noqa: E402

__all__ = [
    "POSITIONS",
    "WINDOW",
    "Decoder",
    "Hypothesis",
    "Network",
    "Request",
    "Vocabulary",
    "chinese",
    "normalise",
    "script_of",
]
