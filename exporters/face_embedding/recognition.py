"""How often a face is taken for somebody else's, and how often not for its own, over thresholds.

All pairs of the faces at hand. They are of too few people to tell rates of the network; they show whether
alignment, network and threshold fit together.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from evaluation.pictures import same_person
from exporters.contract import Measurement
from exporters.face_embedding.faces import Face
from exporters.onnx_tools import Floats

THRESHOLD = 0.36
"""Distance below which two faces are one person's: also the default of ``liveroom.Gallery``."""
THRESHOLDS = (0.30, 0.34, THRESHOLD, 0.38, 0.42, 0.45)


def recognition(faces: Sequence[Face], embeddings: Floats) -> Iterator[Measurement]:
    """False rejects and false accepts of photos, and of the frames of clips against their first frames."""
    same, others, frames, strangers = pairs(faces, embeddings)
    yield Measurement(
        gate="accuracy",
        name="equal error rate",
        value=100 * equal_error_rate(same, others),
        limit=None,
        unit=" %",
        bound=25.0,  # a coin has 50
        data=f"{len(same)} pairs of photos of one person, {len(others)} of two",
    )
    for threshold in THRESHOLDS:
        default = threshold == THRESHOLD
        for name, wrong, data, limit in (
            ("false rejects", same >= threshold, f"{len(same)} pairs of photos of one person", 0.1),
            ("false accepts", others < threshold, f"{len(others)} pairs of photos of two people", 0.005),
            (
                "false rejects in clips",
                frames >= threshold,
                f"{len(frames)} frames and their clip's first",
                0.1,
            ),
            ("false accepts in clips", strangers < threshold, f"{len(strangers)} pairs with frames", 0.005),
        ):
            yield Measurement(
                gate="accuracy",
                name=f"{name} at {threshold:.2f}",
                value=100 * float(np.mean(wrong)),
                limit=100 * limit if default else None,
                unit=" %",
                data=data,
            )


def equal_error_rate(same: Floats, others: Floats) -> float:
    """The share of pairs taken wrongly at the threshold where both kinds are wrong equally often."""
    thresholds = np.sort(np.concatenate([same, others]))
    rejects = np.array([np.mean(same > threshold) for threshold in thresholds])
    accepts = np.array([np.mean(others <= threshold) for threshold in thresholds])
    best = int(np.abs(rejects - accepts).argmin())
    return float((rejects[best] + accepts[best]) / 2)


def pairs(faces: Sequence[Face], embeddings: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Distances: same person and others in photos, then frames to their clip's first, and to anybody else.

    A pair counts only if it is known whether it is one person, and not if both are of one shot.
    """
    found: tuple[list[float], ...] = ([], [], [], [])
    for (one, first), (other, second) in combinations(zip(faces, embeddings, strict=True), 2):
        same = same_person(one.person, other.person)
        in_clip = one.frame is not None or other.frame is not None
        if same is None or (same and one.shot == other.shot and (not in_clip or one.frame != 0)):
            continue
        found[2 * in_clip + (not same)].append(float(np.linalg.norm(first - second)))
    same_photos, other_photos, frames, strangers = (np.array(distances, np.float32) for distances in found)
    return same_photos, other_photos, frames, strangers
