"""Prosody of voices that are made, and what a speaker's own baseline does to it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from serving_common.speech import SAMPLE_RATE
from voice_mood.baseline import MEMORY_S, SIZE, Baseline
from voice_mood.prosody import HOP, Prosody, prosody
from voice_mood.requests import read

Floats = NDArray[np.float32]
CALM = Prosody(pitch=2.0, spread=4.0, alpha=-12.0, rate=4.0, level=-28.0)
NOBODY = Baseline.parsed(np.zeros(0, np.float32))


def voice(
    hertz: float, seconds: float = 2.0, level: float = 0.1
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Audio of a tone with overtones, and what `pitch` and `voice_activity` would say of it."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = np.sum([np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 8)], axis=0)
    frames = len(time) // HOP
    ones = np.ones(frames, np.float32)
    return (level * tone).astype(np.float32), hertz * ones, ones, np.ones(frames, np.bool_)


def heard(*pieces: Prosody, seconds: float = 5.0) -> Baseline:
    baseline = NOBODY
    for piece in pieces:
        baseline = baseline.heard(piece, seconds)
    return baseline


def test_pitch_is_in_semitones_and_level_in_decibels() -> None:
    low, high = prosody(*voice(100)), prosody(*voice(200, level=0.2))
    assert low is not None
    assert high is not None
    assert high[0].pitch - low[0].pitch == pytest.approx(12)
    assert high[0].level - low[0].level == pytest.approx(6, abs=0.1)
    assert low[1] == pytest.approx(2, abs=0.1), "seconds of voice"


def test_without_a_voice_there_is_no_prosody() -> None:
    audio, pitch, confidence, speech = voice(100)
    assert prosody(audio, pitch, 0 * confidence, speech) is None
    assert prosody(audio, pitch, confidence, ~speech) is None


@pytest.mark.parametrize("change", [{"pitch": 8.0}, {"alpha": -6.0}, {"spread": 9.0}, {"level": -18.0}])
def test_a_speaker_who_is_higher_tenser_livelier_or_louder_than_usual_is_excited(
    change: dict[str, float],
) -> None:
    usual = heard(*(CALM._replace(pitch=CALM.pitch + step) for step in (-1.0, 0.0, 1.0, 0.0, -1.0, 1.0)))
    assert usual.arousal(CALM._replace(**change)) > usual.arousal(CALM) + 0.05


def test_a_high_voice_is_not_an_excited_one_once_it_is_known() -> None:
    high = CALM._replace(pitch=14.0)
    assert NOBODY.arousal(high) > 0.6
    assert heard(*[high] * 8).arousal(high) == pytest.approx(0.5, abs=0.05)
    assert heard(*[high] * 8).arousal(CALM) < 0.3


def test_a_baseline_goes_over_the_wire_and_comes_back() -> None:
    baseline = heard(CALM, CALM._replace(pitch=5.0))
    again = Baseline.parsed(baseline.numbers())
    assert baseline.numbers().shape == (SIZE,)
    assert again.arousal(CALM) == pytest.approx(baseline.arousal(CALM), abs=1e-5)


def test_what_was_long_ago_weighs_no_more() -> None:
    baseline = heard(*[CALM._replace(pitch=14.0)] * 100)
    assert baseline.seconds == MEMORY_S
    for _ in range(100):
        baseline = baseline.heard(CALM, 5.0)
    assert baseline.arousal(CALM) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("numbers", [[1.0], [np.nan] * SIZE, [-1.0] * SIZE])
def test_a_baseline_that_is_none_is_refused(numbers: list[float]) -> None:
    with pytest.raises(ValueError, match="baseline"):
        Baseline.parsed(np.array(numbers, np.float32))


@pytest.mark.parametrize(
    ("audio", "rate", "message"),
    [
        (np.zeros(16_000), 7_000, "sample_rate is 7000"),
        (np.zeros(31 * 16_000), 16_000, "31.0 s long; send at most 30 s"),
        (np.full(16_000, np.nan), 16_000, "NaN or infinite"),
        (np.full(16_000, 20.0), 16_000, "reaches 20"),
        (np.zeros(0), 16_000, "audio is missing"),
    ],
)
def test_wrong_audio_is_named(audio: Floats, rate: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read({"audio": audio[None].astype(np.float32), "sample_rate": np.array([[rate]], np.int32)})
