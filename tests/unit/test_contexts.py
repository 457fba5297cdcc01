"""`contexts` and `audio` of the model `waveform`: clips checked, resampled, padded."""

import numpy as np
import pytest
from numpy.typing import NDArray

from serving_common.clip import AudioError
from serving_common.speech import SAMPLE_RATE
from waveform.audio import normalize
from waveform.contexts import CONTEXTS, TAIL, context_for
from whisper_decoder import decoding


@pytest.mark.parametrize("seconds", [0.001, 1.0, 5.9, 6.0, 6.001, 8.0, 8.1, 12.9, 13.0, 13.1, 27.9, 30.0])
def test_a_clip_ends_in_silence_within_the_shortest_context(seconds: float) -> None:
    context = context_for(seconds)
    assert seconds + context.windows * TAIL <= context.samples / SAMPLE_RATE
    assert all(other.clip < seconds for other in CONTEXTS if other.samples < context.samples)


def test_the_decoder_tells_how_many_windows_there_are() -> None:
    for context in CONTEXTS:
        states = np.zeros((context.samples // 320, 1), np.float32)
        assert len(decoding.windows_of(states)) == context.windows


@pytest.mark.parametrize("seconds", [16.5, 23.9, 25.0, 30.0])
def test_a_long_clip_is_cut_where_it_is_quiet_and_nothing_is_lost(seconds: float) -> None:
    clip = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * SAMPLE_RATE)).astype(np.float32)
    count = context_for(seconds).windows
    for number in range(1, count):
        middle = number * len(clip) // count
        clip[middle : middle + SAMPLE_RATE // 5] = 0
    waveform, _ = normalize(clip, SAMPLE_RATE)
    parts = [np.trim_zeros(window) for window in np.split(waveform, count)]
    assert np.array_equal(np.concatenate(parts), clip[clip != 0])
    assert all(len(part) <= len(waveform) // count - TAIL * SAMPLE_RATE for part in parts)


def tone(seconds: float, rate: int, hertz: float = 440.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate)) / rate
    samples: NDArray[np.float64] = 0.5 * np.sin(2 * np.pi * hertz * time)
    return samples.astype(np.float32)


def test_a_clip_at_16_khz_is_not_touched() -> None:
    clip = tone(1.0, SAMPLE_RATE)
    waveform, seconds = normalize(clip, SAMPLE_RATE)
    assert seconds == 1.0
    assert len(waveform) == CONTEXTS[0].samples
    assert np.array_equal(waveform[:SAMPLE_RATE], clip)
    assert not waveform[SAMPLE_RATE:].any()


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_every_rate_gives_the_same_tone(rate: int) -> None:
    waveform, seconds = normalize(tone(2.0, rate), rate)
    inside = slice(SAMPLE_RATE // 4, 2 * SAMPLE_RATE - SAMPLE_RATE // 4)
    assert seconds == 2.0
    assert np.abs(waveform[inside] - tone(2.0, SAMPLE_RATE)[inside]).max() < 2e-3


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000])
def test_thirty_seconds_fit_at_every_rate(rate: int) -> None:
    waveform, seconds = normalize(np.zeros(30 * rate, np.float32), rate)
    assert (len(waveform), seconds) == (CONTEXTS[-1].samples, 30.0)


def test_one_sample_is_a_clip() -> None:
    waveform, seconds = normalize(np.ones(1, np.float32), 44_100)
    assert len(waveform) == CONTEXTS[0].samples
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
        normalize(samples.astype(np.float32), rate)
