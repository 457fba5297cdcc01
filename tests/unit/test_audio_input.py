"""`audio_input`: chunks of any size, type and rate -> one continuous 16 kHz signal on the room's clock."""

import math

import numpy as np
import pytest
import soxr

from captions.audio_input import LONGEST_CHUNK, LONGEST_SILENCE, AudioInput, Chunk, ChunkError, Floats
from captions.timeline import PtsError, Timeline
from serving_common.speech import SAMPLE_RATE


def noise(seconds: float, rate: int = SAMPLE_RATE, seed: int = 0) -> Floats:
    samples = np.random.default_rng(seed).uniform(-0.9, 0.9, round(seconds * rate))
    return samples.astype(np.float32)


def play(audio_input: AudioInput, samples: Floats, rate: int, size: int, pts: float = 0.0) -> list[Floats]:
    starts = range(0, len(samples), size)
    return [audio_input.take(Chunk(samples[at : at + size], rate, pts + at / rate)) for at in starts]


def clock(audio_input: AudioInput) -> Timeline:
    assert audio_input.timeline is not None
    return audio_input.timeline


def test_samples_at_16_khz_pass_unchanged() -> None:
    samples = noise(1.0)
    assert np.array_equal(np.concatenate(play(AudioInput(), samples, SAMPLE_RATE, 3_200)), samples)


def test_int16_is_scaled_to_one() -> None:
    whole = np.array([-32768, 0, 16384, 32767], np.int16)
    assert AudioInput().take(Chunk(whole, SAMPLE_RATE, 0.0)).tolist() == [-1.0, 0.0, 0.5, 32767 / 32768]


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize("size", [333, 4_410, 48_000])
def test_resampling_does_not_depend_on_the_chunks(rate: int, size: int) -> None:
    samples = noise(2.0, rate)
    audio_input = AudioInput()
    pieces = np.concatenate([*play(audio_input, samples, rate, size), audio_input.end()])
    whole = soxr.resample(samples, rate, SAMPLE_RATE)
    assert abs(len(pieces) - len(whole)) <= 1
    shared = min(len(pieces), len(whole))
    assert np.abs(pieces[:shared] - whole[:shared]).max() < 1e-5


def test_a_short_hole_is_filled_and_a_long_one_skipped() -> None:
    audio_input = AudioInput()
    audio_input.take(Chunk(noise(1.0), SAMPLE_RATE, 0.0))
    short = audio_input.take(Chunk(noise(1.0), SAMPLE_RATE, 1.5))
    assert len(short) == round(1.5 * SAMPLE_RATE)
    assert not short[: SAMPLE_RATE // 2].any()
    long = audio_input.take(Chunk(noise(1.0), SAMPLE_RATE, 7.5))
    assert len(long) == round((LONGEST_SILENCE + 1.0) * SAMPLE_RATE)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_times_are_right_on_both_sides_of_a_hole(rate: int) -> None:
    audio_input = AudioInput()
    audio_input.take(Chunk(noise(2.0, rate), rate, 100.0))
    audio_input.take(Chunk(noise(2.0, rate), rate, 107.0))
    resumed = round((2.0 + LONGEST_SILENCE) * SAMPLE_RATE)
    assert clock(audio_input).at(SAMPLE_RATE) == pytest.approx(101.0)
    assert clock(audio_input).at(resumed) == pytest.approx(107.0, abs=1e-3)
    assert clock(audio_input).at(resumed + SAMPLE_RATE) == pytest.approx(108.0, abs=1e-3)


def test_sound_just_before_speech_after_a_hole_belongs_to_that_speech() -> None:
    """A segment begins with 0.4 s of what was before its onset: its time must not jump back over the hole."""
    audio_input = AudioInput()
    audio_input.take(Chunk(noise(2.0), SAMPLE_RATE, 100.0))
    audio_input.take(Chunk(noise(2.0), SAMPLE_RATE, 107.0))
    resumed = round((2.0 + LONGEST_SILENCE) * SAMPLE_RATE)
    assert clock(audio_input).at(resumed - round(0.4 * SAMPLE_RATE)) == pytest.approx(106.6, abs=1e-3)
    assert clock(audio_input).at(round(2.3 * SAMPLE_RATE)) == pytest.approx(102.3, abs=1e-3)


def test_many_holes_and_odd_rates_add_no_error() -> None:
    audio_input, count, pts = AudioInput(), 0, 0.0
    for number in range(300):
        pts += 2.0 if number % 3 == 0 else 0.0
        count += len(audio_input.take(Chunk(noise(0.1001, 11_025), 11_025, pts)))
        pts += round(0.1001 * 11_025) / 11_025
    count += len(audio_input.end())
    assert clock(audio_input).at(count) == pytest.approx(pts, abs=1e-3)


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (Chunk(noise(0.1), 100, 1.0), "sample_rate is 100; it must lie between 8000 and 48000"),
        (Chunk(noise(0.1), 96_000, 1.0), "sample_rate is 96000"),
        (Chunk(noise(0.1), 8_000, 1.0), "sample_rate is 8000, and was 16000"),
        (Chunk(np.full(100, np.nan, np.float32), SAMPLE_RATE, 1.0), "NaN or infinite"),
        (Chunk(np.full(100, -np.inf, np.float32), SAMPLE_RATE, 1.0), "NaN or infinite"),
        (Chunk(np.full(100, 5_000, np.float32), SAMPLE_RATE, 1.0), "reaches 5000; .* audio_int16"),
        (Chunk(noise(LONGEST_CHUNK + 1), SAMPLE_RATE, 1.0), r"31\.0 s long; send at most 30 s"),
        (Chunk(noise(0.1), SAMPLE_RATE, 0.1), r"pts 0\.100 s lies before 1\.000 s"),
        (Chunk(noise(0.1), SAMPLE_RATE, math.nan), "pts is nan"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refused_chunk_changes_nothing(chunk: Chunk, message: str) -> None:
    audio_input = AudioInput()
    audio_input.take(Chunk(noise(1.0), SAMPLE_RATE, 0.0))
    with pytest.raises((ChunkError, PtsError), match=message):
        audio_input.take(chunk)
    after = noise(0.5, seed=1)
    assert np.array_equal(audio_input.take(Chunk(after, SAMPLE_RATE, 1.0)), after)


def test_a_refused_first_chunk_does_not_fix_rate_or_time() -> None:
    audio_input = AudioInput()
    for wrong in (Chunk(noise(0.1), 96_000, 0.0), Chunk(noise(0.1), SAMPLE_RATE, math.inf)):
        with pytest.raises((ChunkError, PtsError)):
            audio_input.take(wrong)
    audio_input.take(Chunk(noise(0.5, 8_000), 8_000, 50.0))
    assert clock(audio_input).at(0) == 50.0


def test_an_empty_chunk_is_taken() -> None:
    audio_input = AudioInput()
    assert len(audio_input.take(Chunk(np.zeros(0, np.int16), SAMPLE_RATE, 0.0))) == 0
    assert len(audio_input.take(Chunk(noise(0.5), SAMPLE_RATE, 0.0))) == SAMPLE_RATE // 2
