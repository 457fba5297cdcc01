"""How much audio Whisper is shown: the clip, then silence up to the next of a few lengths.

Whisper was trained on 30 s windows that end in silence. It reads shorter windows as well as long ones as long
as they too end in some seconds of silent *audio*; windows cut to the clip's own length make it loop. Measured
on windows of 1.5 to 8 s of speech against a 30 s context, 8 s and L + 2 s changed 5.9 % of the words, 10 s
6.6 %, 15 s 5.7 %, 6 s 9.2 %, L + 1 s 15.7 % (windows cut in mid-word change most).
"""

SAMPLE_RATE = 16_000
"""Hz, of all audio inside."""
CONTEXTS = (8, 10, 15, 30)
"""Seconds; few, so that requests of different rooms have one shape and can share a batch."""
TAIL = 2
"""Least silence after the clip, in seconds, but for the longest context."""
LONGEST = CONTEXTS[-1]


def context_seconds(seconds: float) -> int:
    """The context for a clip of `seconds`, at most 30."""
    return next((context for context in CONTEXTS if seconds + TAIL <= context), LONGEST)
