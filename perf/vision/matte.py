"""Our matte against mediapipe's SelfieSegmentation, on the same pictures and clips."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from evaluation import pictures
from evaluation.pictures import Image
from exporters.onnx_tools import Floats
from perf.load.video import CLIPS
from perf.served.networks import Networks
from perf.served.pictures import Steadied, to_frame, views
from perf.vision.peers import Peer
from tooling.sources import Library

HALF = 0.5
"""From this probability on a pixel counts as part of a person."""
CLIP_FRAMES = 96
STILL = 3.0
"""A pixel whose color changes by less than this (mean of the three, of 255) has not moved."""


@dataclass(frozen=True)
class Masks:
    """How probably each pixel of some pictures shows a person, [H,W] each, and the ms of ours and theirs."""

    raw: list[Floats]
    steadied: list[Floats]
    peer: list[Floats]
    ms: list[float]
    peer_ms: list[float]


def compare(mediapipe: Peer, library: Library, advance: Callable[[str], None]) -> list[dict[str, object]]:
    """A row for all photos with people, and for each clip.

    raw: the network's mask as it is. steadied: what `effects` makes of it, over time and true to edges. Both
    at the picture's size, as mediapipe's. iou: of the pixels of a person by mediapipe's mask and by ours,
    mean over the pictures; least: of the worst of them. flicker: mean change of a mask from frame to frame
    where the picture did not change, in percent; photos have none.
    """
    rows = []
    for name, sequences in _subjects(library):
        seen = [(frames, _masks(mediapipe, frames)) for frames in sequences]
        raw = [iou for _, masks in seen for iou in _ious(masks.raw, masks.peer)]
        steadied = [iou for _, masks in seen for iou in _ious(masks.steadied, masks.peer)]
        found = {
            "iou_raw": float(np.mean(raw)),
            "least_iou_raw": min(raw),
            "iou_steadied": float(np.mean(steadied)),
            "network_ms": float(np.median([ms for _, masks in seen for ms in masks.ms])),
            "peer_ms": float(np.median([ms for _, masks in seen for ms in masks.peer_ms])),
        }
        for frames, masks in seen:
            if len(frames) > 1:
                for side in ("raw", "steadied", "peer"):
                    found[f"{side}_flicker"] = flicker(frames, getattr(masks, side))
        rounded = {metric: round(value, 4) for metric, value in found.items()}
        rows.append({"name": f"matte, {name}", "subject": name, "pictures": len(raw), **rounded})
        advance(f"matte: {name}")
    return rows


def flicker(frames: Sequence[Image], masks: Sequence[Floats]) -> float:
    """Mean change of masks [H,W] from frame to frame where the frames did not change, in percent."""
    changes = []
    for at in range(1, len(frames)):
        moved = np.abs(frames[at].astype(np.float32) - frames[at - 1]).mean(axis=2)
        still = moved < STILL
        if still.any():
            changes.append(float(np.abs(masks[at] - masks[at - 1])[still].mean()))
    return 100 * float(np.mean(changes)) if changes else 0.0


def _subjects(library: Library) -> Iterator[tuple[str, list[list[Image]]]]:
    """Sequences of frames of one size: photos of people, one each, and the beginning of each clip."""
    people = [photo for photo in pictures.photos(library) if photo.faces]
    yield "photos", [[pictures.read_image(photo.path)] for photo in people]
    for name, clip in CLIPS.items():
        yield name, [list(islice(pictures.frames(clip(library)), CLIP_FRAMES))]


def _masks(mediapipe: Peer, frames: Sequence[Image]) -> Masks:
    """Of frames of one size, one after another."""
    networks, room = Networks(threads=0), Steadied()
    networks("person_segmenter", [views(frames[0])[0]], ["mask"])  # what a first call makes is not timed
    raw, steadied, times = [], [], []
    for frame in frames:
        began = time.perf_counter()
        (found,) = networks("person_segmenter", [views(frame)[0]], ["mask"])
        times.append(1000 * (time.perf_counter() - began))
        raw.append(_enlarged(found[0], frame))
        steadied.append(to_frame(room.next(found[0], frame), frame))
    theirs, their_ms = mediapipe.matte(frames)
    return Masks(raw, steadied, list(theirs), times, their_ms)


def _enlarged(mask: Floats, frame: Image) -> Floats:
    height, width = frame.shape[:2]
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _ious(masks: Sequence[Floats], others: Sequence[Floats]) -> Iterator[float]:
    """Intersection over union of the pixels of a person in each pair; 1 where neither has any."""
    for mask, other in zip(masks, others, strict=True):
        one, two = mask > HALF, other > HALF
        union = np.count_nonzero(one | two)
        yield float(np.count_nonzero(one & two) / union) if union else 1.0
