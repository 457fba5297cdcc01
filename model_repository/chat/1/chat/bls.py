"""The models that chat calls inside the server: sentiment and moderation, both for the lines of all rooms."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
from collections.abc import Sequence

import numpy as np

from chat.messages import Mood, Scored
from chat.settings import CATEGORIES
from serving_common.bls import call

TOGETHER = 256
"""Lines of one call, as many as both models take."""

NOTHING = Scored("und", Mood(0.0, 1.0, 0.0), dict.fromkeys(CATEGORIES, 0.0))
"""Of a line in which nothing is written."""


async def score(lines: Sequence[str]) -> list[Scored]:
    """What both models say of lines, in order. Raises CallError."""
    written = [line for line in lines if line.strip()]
    parts = [written[begin : begin + TOGETHER] for begin in range(0, len(written), TOGETHER)]
    found = iter([scored for part in await asyncio.gather(*map(_score, parts)) for scored in part])
    return [next(found) if line.strip() else NOTHING for line in lines]


async def _score(lines: Sequence[str]) -> list[Scored]:
    text = {"text": np.array([[line.encode(errors="replace")] for line in lines], np.object_)}
    meant, judged = await asyncio.gather(
        call("sentiment", ["probabilities", "language"], text), call("moderation", ["scores"], text)
    )
    languages, moods = meant["language"][:, 0], meant["probabilities"].tolist()
    return [
        Scored(language.decode(), Mood(*mood), dict(zip(CATEGORIES, categories, strict=True)))
        for language, mood, categories in zip(languages, moods, judged["scores"].tolist(), strict=True)
    ]
