"""Real inputs, of any shape a profile has, for the networks that become plans."""

from collections.abc import Mapping

import numpy as np

from exporters.contract import Profile, Shape
from exporters.onnx_tools import Array
from tooling.sources import Library

LEVELS = (1.0, 0.1, 0.01)
"""Loudness of the clips of a batch in turn: a plan has to be right for quiet rooms too."""


def feed(profiles: Mapping[str, Profile], side: str, library: Library) -> dict[str, Array]:
    """One input for every name of ``profiles``; ``side`` is the ``smallest``, ``usual`` or ``largest`` shape.

    Raises:
        KeyError: an input of another name than ``image``, ``waveform`` and ``features``: teach it here.
    """
    makers = {"image": _pictures, "waveform": _speech, "features": _features}
    return {name: makers[name](getattr(profile, side), library) for name, profile in profiles.items()}


def _pictures(shape: Shape, library: Library) -> Array:
    """Photos stretched to [B, H, W, 3], those with faces first."""
    import cv2  # noqa: PLC0415 - not needed to see that an export is up to date

    from evaluation.pictures import photos, read_image  # noqa: PLC0415

    batch, height, width, _ = shape
    known = photos(library)[:batch]
    seen = [
        cv2.resize(read_image(photo.path), (width, height), interpolation=cv2.INTER_AREA) for photo in known
    ]
    return np.stack([seen[i % len(seen)] for i in range(batch)])


def _speech(shape: Shape, library: Library) -> Array:
    """Speech as loud as it was recorded and quieter, float32 [B, N]; a clip that is too short is repeated."""
    from evaluation.speech import clips  # noqa: PLC0415 - imports soundfile

    batch, length = shape
    known = clips(library=library)
    return np.stack(
        [
            np.resize(known[i % len(known)].audio, length) * np.float32(LEVELS[i % len(LEVELS)])
            for i in range(batch)
        ]
    )


def _features(shape: Shape, library: Library) -> Array:
    """Log-mel features of that speech, float32 [B, bands, frames]."""
    from exporters.log_mel.filters import HOP  # noqa: PLC0415
    from exporters.log_mel.reference import log_mel  # noqa: PLC0415

    batch, bands, frames = shape
    audio = _speech((batch, frames * HOP), library)
    return np.stack([log_mel(clip, bands) for clip in audio]).astype(np.float32)
