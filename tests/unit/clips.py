"""Small videos with sound, made for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 10
"""Frames a second."""


def write_clip(path: Path, frames: Sequence[NDArray[np.uint8]], *, sound: bool = True) -> Path:
    """A clip of those frames [height, width, 3] with a tone beside them."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("h264", rate=RATE, options={"crf": "1"})
        video.height, video.width, _ = frames[0].shape
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16_000) if sound else None
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
        if audio:
            tone = np.sin(np.arange(16_000 * len(frames) // RATE, dtype=np.float32) * 0.2)[None]
            samples = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            samples.sample_rate = 16_000
            container.mux([*audio.encode(samples), *audio.encode()])
    return path


def read_clip(path: Path) -> tuple[list[tuple[float, NDArray[np.uint8]]], NDArray[np.float32]]:
    """The frames with their seconds, and the sound [n]."""
    with av.open(str(path)) as container:
        frames = [
            (frame.time or 0.0, frame.to_ndarray(format="rgb24").astype(np.uint8))
            for frame in container.decode(video=0)
        ]
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return frames, np.empty(0, np.float32)
        heard = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return frames, np.concatenate(heard).astype(np.float32)
