"""What a room sends: recordings of real speech, pauses between them, and the faint noise of a microphone."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

import numpy as np
import soxr
from numpy.typing import NDArray

from evaluation.speech import SAMPLE_RATE, Clip
from perf.rooms.profile import Audio, Profile, ProfileError

Floats = NDArray[np.float32]

NOISE = 3e-4
"""Standard deviation of the noise in every room: -70 dB below full scale."""


def check(profile: Profile, clips: Sequence[Clip]) -> None:
    """Raises ProfileError where a pattern in the profile names none of the clips."""
    for audio in filter(None, (kind.audio for kind in profile.rooms)):
        for pattern in audio.recordings:
            if not any(fnmatch(clip.name, pattern) for clip in clips):
                there = ", ".join(clip.name for clip in clips)
                raise ProfileError(
                    f"profile {profile.name}: no recording is called {pattern!r}: there are {there}"
                )


def sound(audio: Audio, clips: Sequence[Clip], seconds: float, seed: Sequence[int]) -> Floats:
    """`seconds` of a room's sound, mono [n] in [-1, 1] at the rate of `audio`; the same for the same seed.

    The recordings come in an order and from a place that the seed decides, each followed by a pause in
    proportion to its length, over and over.
    """
    draw = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    noise = draw.normal(0.0, NOISE, length).astype(np.float32)
    chosen = [clip for clip in clips if any(fnmatch(clip.name, pattern) for pattern in audio.recordings)]
    if chosen:
        parts: list[Floats] = []
        for at in draw.permutation(len(chosen)):
            spoken = chosen[at].audio
            pause = np.zeros(round(len(spoken) * (1 / audio.talking - 1)), np.float32)
            parts += [spoken, pause]
        once = np.concatenate(parts)
        noise += np.resize(np.roll(once, -int(draw.integers(len(once)))), length)
    if audio.sample_rate == SAMPLE_RATE:
        return noise
    resampled: Floats = soxr.resample(noise, SAMPLE_RATE, audio.sample_rate)
    return resampled


def chunks(samples: Floats, audio: Audio) -> Iterator[Floats]:
    """Sound in pieces of the profile's length."""
    size = round(audio.chunk_ms / 1000 * audio.sample_rate)
    for at in range(0, len(samples), size):
        yield samples[at : at + size]
