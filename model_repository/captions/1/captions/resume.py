"""What another server knew of a room until it was lost, as the room's client hands it on."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from captions.local_agreement import unspaced
from captions.segments import LONGEST, Segment
from captions.writing import Shown, heard
from serving_common.chinese_script import Script
from serving_common.speech import SAMPLE_RATE, VOICE_WINDOW

_SPOKEN = re.compile(r"[a-z]{2,3}:\d{1,12}(,[a-z]{2,3}:\d{1,12}){0,99}")
LONGEST_TEXT = 1000
"""Characters of a hypothesis: more than 12 s of speech have, and `asr` takes 4096 bytes."""
LONGEST_CODE = 16
"""Characters of a language."""
SLACK = 1.0
"""Seconds by which times may be off: a room's clock need not run like its samples."""


@dataclass(frozen=True)
class ResumeState:
    """`spoken`: milliseconds recognized by language. The rest is of the segment that was being spoken.

    `hypothesis`: the last one, which begins with the `stable` part of it, in `language`; made of the first
    `windows` of the audio that follows; `written`: the stable part as it was shown. Empty
    where nothing had been told of it.
    """

    spoken: Counter[str] = field(default_factory=Counter)
    hypothesis: str = ""
    stable: str = ""
    language: str = ""
    windows: int = 0
    written: str = ""

    @classmethod
    def parsed(cls, texts: Mapping[str, str], pts: float, until: float, script: Script) -> "ResumeState":
        """As it comes in: `texts` may have spoken ("en:35000,zh:900"), hypothesis, stable, stable_language.

        Texts come without the space before their first word. The audio begins at `pts`, and the hypothesis
        was heard `until`, both in seconds on the room's clock. Raises ValueError with what is wrong.
        """
        spoken, hypothesis, stable = (texts.get(name, "") for name in ("spoken", "hypothesis", "stable"))
        if spoken and not _SPOKEN.fullmatch(spoken):
            raise ValueError(
                f"spoken is {spoken[:50]!r}; it must be milliseconds by language, such as en:35000,zh:900"
            )
        parts = (part.split(":") for part in spoken.split(",") if part)
        counted = Counter({code: int(milliseconds) for code, milliseconds in parts})
        if not hypothesis.startswith(stable):
            raise ValueError(f"stable is {stable[:50]!r}, with which the hypothesis does not begin")
        if not hypothesis:
            return cls(counted)
        if len(hypothesis) > LONGEST_TEXT:
            raise ValueError(f"hypothesis has {len(hypothesis)} characters; send at most {LONGEST_TEXT}")
        if not -SLACK < until - pts < Segment.seconds_of(LONGEST) + SLACK:
            raise ValueError(
                f"hypothesis_until is {until}; it must lie after pts, {pts}, by at most "
                f"{Segment.seconds_of(LONGEST):.0f} s"
            )
        windows = min(max(round((until - pts) * SAMPLE_RATE / VOICE_WINDOW), 1), LONGEST)
        language = texts.get("stable_language", "")
        if len(language) > LONGEST_CODE:
            raise ValueError(f"stable_language has {len(language)} characters; it must be a code such as en")
        stable_text = heard(stable, language, script)
        rest = heard(hypothesis[len(stable) :], language, script)
        return cls(
            counted,
            _as_decoded(stable_text + rest),
            _as_decoded(stable_text),
            language,
            windows,
            _as_decoded(stable),
        )

    def segment(self) -> Segment | None:
        """The segment that was being spoken, to go on with; None where nothing had been told of one."""
        if not self.hypothesis:
            return None
        return Segment(
            0,
            stable=self.stable,
            hypothesis=self.hypothesis,
            heard_language=self.language,
            language=self.language if self.stable else "",
            heard=self.windows,
            stable_within=self.windows,
            written=Shown(self.written, len(self.stable)),
            shown=True,
            least=self.windows,
        )


def _as_decoded(text: str) -> str:
    """`text` as the decoder gives it: words follow a space, the first one too."""
    return text if not text or unspaced(text[0]) else f" {text}"
