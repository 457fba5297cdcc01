"""How much audio Whisper is shown: the clip, then silence up to the next of a few lengths.

Whisper was trained on 30 s windows that end in silence. It reads shorter windows as well as long ones as long
as they too end in some seconds of silent *audio*; windows cut to the clip's own length make it loop. On
windows of 1 to 7 s of speech, against a context of 15 s, 8 s and at least 2 s of silence changed 6 % of the
words; 6 s and 2 s of silence 12 %, 5 s and 2 s 16 %, the clip and 1 s 36 %.

A clip that would need more than 18 s is laid out as two or three windows, which are encoded and decoded side
by side: attention costs less, and decoding takes half or a third as many steps.
"""

from dataclasses import dataclass

from serving_common.speech import SAMPLE_RATE

TAIL = 2
"""Least silence at the end of a window, in seconds."""
LONGEST = 30
"""Seconds of the longest clip."""

LEAST_SPEECH = 4
"""Windows of voice_activity (0.13 s) above its threshold that make speech."""


@dataclass(frozen=True)
class Context:
    """`windows` of `seconds` each, one after the other, for clips of up to `clip` seconds."""

    clip: int
    windows: int
    seconds: int

    @property
    def samples(self) -> int:
        """Length of the waveform at 16 kHz."""
        return self.windows * self.seconds * SAMPLE_RATE


CONTEXTS = (
    Context(6, 1, 8),
    Context(8, 1, 10),
    Context(13, 1, 15),
    Context(16, 1, 18),
    # Several windows hold more than the clip, so there is a choice of where to cut it.
    Context(24, 2, 15),
    Context(LONGEST, 3, 13),
)
"""Few, so that requests of different rooms have one shape and can share a batch."""


def context_for(seconds: float) -> Context:
    """The context of a clip of at most 30 seconds."""
    return next(context for context in CONTEXTS if seconds <= context.clip)
