"""Text to speech: a stream of PCM with the times of its words."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ._errors import InvalidInput
from ._model_stream import AsyncStream
from ._signature import Arrays

MODEL = "tts"
MOST_BYTES = 4096
"""Of text in a request; longer texts are sent as several."""
_ENDS = (re.compile(r"[。！？!?\n]+|\.(?=\s)"), re.compile(r"[，、；：,;:]|\s"))
"""Where a text is best cut, and where it may be."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a text and when it is spoken.

    Attributes:
        text: as it is written.
        start: seconds since the first sample.
        end: seconds since the first sample.
        span: its first character in the text (of SSML: in what is left without markup), and the one
            after its last.
    """

    text: str
    start: float
    end: float
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of speech, as it comes: a clause.

    Attributes:
        samples: mono int16 [n].
        sample_rate: Hz.
        start: seconds since the first sample of all.
        words: that are spoken in it.
    """

    samples: npt.NDArray[np.int16] = field(repr=False)
    sample_rate: int
    start: float
    words: tuple[SpokenWord, ...]

    @property
    def end(self) -> float:
        """Seconds since the first sample of all at which it is over."""
        return self.start + len(self.samples) / self.sample_rate


Open = Callable[[str], AbstractAsyncContextManager[AsyncStream]]


async def speak(
    opening: Open,
    text: str,
    voice: str | None,
    speed: float,
    pauses: float,
    lexicon: Mapping[str, str] | None,
) -> AsyncGenerator[Speech, None]:
    """See `AsyncClient.speak`; `opening` opens a stream to a model."""
    common: dict[str, list[str | float]] = {"speed": [float(speed)], "pauses": [float(pauses)]}
    if voice is not None:
        common["voice"] = [voice]
    if lexicon is not None and not isinstance(lexicon, Mapping):
        raise InvalidInput(
            f'lexicon is {lexicon!r:.50}: expected readings of words, such as {{"重庆": "chong2 qing4"}}'
        )
    if lexicon:
        common["lexicon"] = [json.dumps(dict(lexicon), ensure_ascii=False)]
    start, offset, spoken = 0.0, 0, False
    parts = _parts(_checked(text))
    for part in parts:
        if _has_letters(part) or not spoken:
            async with opening(MODEL) as stream:
                await stream.send({**common, "text": [part]}, end=True)
                async for response in stream:
                    speech = _speech(response.outputs, start, offset)
                    spoken = True
                    yield speech
                start = speech.end if spoken else start
        offset += len(part)


def _checked(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput(f"text is {text!r}: expected something to say")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"text has half a character, {text[error.start]!r}, at {error.start}: expected whole ones"
        ) from None
    return text


def _has_letters(text: str) -> bool:
    return any(map(str.isalnum, text))


def _parts(text: str) -> Iterator[str]:
    """A text in requests, cut at the ends of sentences where that is possible; SSML stays whole."""
    if text.lstrip().startswith("<"):
        if len(text.encode()) > MOST_BYTES:
            raise InvalidInput(
                f"SSML has {len(text.encode())} bytes: expected at most {MOST_BYTES}, send it in several"
            )
        yield text
        return
    while len(text.encode()) > MOST_BYTES:
        head = text.encode()[:MOST_BYTES].decode(errors="ignore")
        cuts = ([match.end() for match in ends.finditer(head)] for ends in _ENDS)
        at = next((found[-1] for found in cuts if found and found[-1] > len(head) // 2), len(head))
        yield text[:at]
        text = text[at:]
    if text:
        yield text


def _speech(outputs: Arrays, start: float, offset: int) -> Speech:
    words = zip(
        outputs["words"].tolist(),
        outputs["starts"].tolist(),
        outputs["ends"].tolist(),
        outputs["spans"].tolist(),
        strict=True,
    )
    return Speech(
        np.asarray(outputs["audio"], np.int16),
        int(outputs["sample_rate"][0]),
        start + float(outputs["pts"][0]),
        tuple(
            SpokenWord(text.decode(), start + begin, start + end, (span[0] + offset, span[1] + offset))
            for text, begin, end, span in words
        ),
    )
