"""`contexts` and `audio` of the model `waveform`: clips checked, resampled, padded."""

import numpy as np
import pytest
from audio import AudioError, normalise
from contexts import CONTEXTS, LONGEST, SAMPLE_RATE, TAIL, context_seconds
from numpy.typing import NDArray


@pytest.mark.parametrize("seconds", [0.001, 1.0, 5.9, 6.0, 6.001, 8.0, 8.1, 12.9, 13.0, 13.1, 27.9])
def test_a_clip_ends_in_silence_within_the_shortest_context(seconds: float) -> None:
    context = context_seconds(seconds)
    assert context in CONTEXTS
    assert seconds + TAIL <= context
    assert all(shorter < seconds + TAIL for shorter in CONTEXTS if shorter < context)


@pytest.mark.parametrize("seconds", [28.1, 29.99, 30.0])
def test_the_longest_context_takes_what_others_do_not(seconds: float) -> None:
    assert context_seconds(seconds) == LONGEST == 30


def tone(seconds: float, rate: int, hertz: float = 440.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate)) / rate
    samples: NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * hertz * time)
    return samples.astype(np.float32)


def test_a_clip_at_16_khz_is_not_touched() -> None:
    clip = tone(1.0, SAMPLE_RATE)
    waveform, seconds = normalise(clip, SAMPLE_RATE)
    assert seconds == 1.0
    assert len(waveform) == CONTEXTS[0] * SAMPLE_RATE
    assert np.array_equal(waveform[:SAMPLE_RATE], clip)
    assert not waveform[SAMPLE_RATE:].any()


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_every_rate_gives_the_same_tone(rate: int) -> None:
    waveform, seconds = normalise(tone(2.0, rate), rate)
    inside = slice(SAMPLE_RATE // 4, 2 * SAMPLE_RATE - SAMPLE_RATE // 4)
    assert seconds == 2.0
    assert np.abs(waveform[inside] - tone(2.0, SAMPLE_RATE)[inside]).max() < 2e-3


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_thirty_seconds_fit_at_every_rate(rate: int) -> None:
    waveform, seconds = normalise(np.zeros(30 * rate, np.float32), rate)
    assert (len(waveform), seconds) == (LONGEST * SAMPLE_RATE, 30.0)


def test_one_sample_is_a_clip() -> None:
    waveform, seconds = normalise(np.ones(1, np.float32), 44_100)
    assert len(waveform) == CONTEXTS[0] * SAMPLE_RATE
    assert 0 < seconds < 1e-4


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(8000), 100, "sample_rate is 100; it must lie between 8000 and 48000"),
        (np.zeros(8000), 96_000, "sample_rate is 96000"),
        (np.zeros(0), 16_000, "audio is empty"),
        (np.zeros(30 * 16_000 + 1), 16_000, r"audio is 30\.0 s long; asr takes at most 30 s"),
        (np.array([0.0, np.nan]), 16_000, "NaN or infinite"),
        (np.array([0.0, np.inf]), 16_000, "NaN or infinite"),
        (np.array([0.0, 12_000.0]), 16_000, r"reaches 1\.2e\+04; .*divide int16 by 32768"),
    ],
)
def test_what_is_no_clip_is_refused(samples: NDArray[np.float64], rate: int, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        normalise(samples.astype(np.float32), rate)
