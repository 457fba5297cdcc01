"""Inputs made of speech: recordings of English and Chinese, and what each step makes of them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from evaluation.speech import SAMPLE_RATE, Clip, clips
from exporters.onnx_tools import Array, Floats, Graph
from perf.inputs.recorded import Inputs, Step
from perf.report import PROJECT
from server.repository import Repository, check_files
from tooling.sources import Library
from waveform.audio import normalize

LONGEST_S = 11
"""Where a clip is cut off: a little before a room's segments are."""
CHUNK = 4096
"""Samples of a call to the models that follow a room: 0.256 s, as `captions` calls them."""
OPENING = SAMPLE_RATE // 4
"""Samples of the chunk that opens a room."""


def asr(library: Library) -> Inputs:
    """Whole clips, their language left open."""
    clips_ = _clips(library)
    steps = [_clip(clip) | _texts() for clip in clips_]
    return Inputs(f"{_said(clips_)}; language auto", [steps])


def waveform(library: Library) -> Inputs:
    """The clips as `asr` hands them on."""
    clips_ = _clips(library)
    return Inputs(f"{_said(clips_)}, at 16 kHz", [[_clip(clip) for clip in clips_]])


def log_mel(library: Library) -> Inputs:
    """The clips as `waveform` lays them out."""
    clips_ = _clips(library)
    about = f"{_said(clips_)}, padded to 8, 10 or 15 s"
    return Inputs(about, [[{"waveform": normalize(clip.audio, SAMPLE_RATE)[0]} for clip in clips_]])


def whisper_encoder(library: Library) -> Inputs:
    """What `log_mel` makes of them."""
    mel = log_mel(library)
    return Inputs(mel.about, [[{"features": each} for each in _through("log_mel", mel.steps)]])


def whisper_decoder(library: Library) -> Inputs:
    """What `whisper_encoder` makes of them."""
    clips_, features = _clips(library), whisper_encoder(library)
    steps = [
        {
            "states": states,
            "duration": np.array([clip.seconds], np.float32),
            "spoken": np.array([True]),
            **_texts(),
        }
        for clip, states in zip(clips_, _through("whisper_encoder", features.steps), strict=True)
    ]
    return Inputs(f"{features.about}; language auto", [steps])


def voice_activity(library: Library) -> Inputs:
    """Every recording, cut into chunks; `denoise` takes the same."""
    recordings = clips(library=library)
    streams = [
        [{"audio": clip.audio[at : at + CHUNK]} for at in range(0, len(clip.audio) - CHUNK + 1, CHUNK)]
        for clip in recordings
    ]
    return Inputs(f"{_said(recordings)}, in chunks of {1000 * CHUNK // SAMPLE_RATE} ms", streams)


def captions(library: Library) -> Inputs:
    """A room for each clip, which hears it as fast as it can be sent."""
    clips_ = _clips(library)
    return Inputs(
        f"{_said(clips_)}, each a room of two chunks: 0.25 s and the rest",
        [list(_room(clip)) for clip in clips_],
        note="captions: a caller is a room that opens, sends a clip as a whole, and ends with its captions. "
        "Requests are counted that captions come back on, which is one a clip, and latency ends with the "
        "first of them. perf_analyzer sends nothing before a request has ended, and captions end a request "
        "when the next one has been heard: rooms of more chunks would wait for ever. Rooms at real-time pace "
        "are what `perf rooms` plays.",
    )


WRITERS = {
    "asr": asr,
    "captions": captions,
    "denoise": voice_activity,
    "log_mel": log_mel,
    "voice_activity": voice_activity,
    "waveform": waveform,
    "whisper_decoder": whisper_decoder,
    "whisper_encoder": whisper_encoder,
}


def _clips(library: Library) -> list[Clip]:
    """Thirteen, a prime number: perf_analyzer's callers step through them by their own number."""
    return [replace(clip, audio=clip.audio[: LONGEST_S * SAMPLE_RATE]) for clip in clips(library=library)]


def _said(clips_: list[Clip]) -> str:
    lengths = [clip.seconds for clip in clips_]
    return f"{len(clips_)} clips of English and Chinese, {min(lengths):.0f} to {max(lengths):.0f} s"


def _clip(clip: Clip) -> dict[str, Array]:
    return {"audio": clip.audio, "sample_rate": np.array([SAMPLE_RATE], np.int32)}


def _texts() -> dict[str, Array]:
    texts = {"language": "auto", "prefix": "", "draft": ""}
    return {name: np.array([text], np.object_) for name, text in texts.items()}


def _room(clip: Clip) -> Iterator[Step]:
    samples = np.clip(np.rint(clip.audio * 32768), -32768, 32767).astype(np.int16)
    for start, chunk in ((0, samples[:OPENING]), (OPENING, samples[OPENING:])):
        yield {
            "audio_int16": chunk,
            "sample_rate": np.array([SAMPLE_RATE], np.int32),
            "pts": np.array([start / SAMPLE_RATE]),
        }


def _through(model: str, steps: list[Step]) -> Iterator[Floats]:
    """What a model of the repository makes of each step."""
    served = Repository(PROJECT / "model_repository").read(model)
    check_files({model: served})
    graph = Graph(served.folder / "1" / "model.onnx", threads=0)
    for step in steps:
        yield graph(**{name: array[None] for name, array in step.items()})[0][0]
