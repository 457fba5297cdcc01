"""Face detectors side by side: ours, mediapipe's own and MTCNN, on the same labeled frames."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evaluation.pictures import Image
from perf.served.networks import session
from perf.served.pictures import DETECTORS, REPOSITORY, Levels
from perf.vision import labels
from perf.vision.labels import GROUP, LIVE, NOBODY, Labeled
from perf.vision.matching import recall_by_height, score
from perf.vision.peers import Faces, Peer
from tooling.sources import Library

Detect = Callable[[Sequence[Image]], Faces]
"""Finds the faces of frames, and takes the time of each."""
FRAMINGS = (LIVE, GROUP, NOBODY)
SHARES = (1.0, 0.5, 0.25, 0.125)
"""Every frame is shown this large in itself, to see how far a face may be away."""
EDGES = (8, 16, 24, 32, 48, 64, 96, 128, 480)
"""Heights of faces in pixels, from one to below the next."""
LIKE = "mediapipe full"
"""The peer whose boxes the others' are compared with: it runs the same network as our default."""
_MOST = 64


def ours(threads: int) -> dict[str, Detect]:
    """Our detectors in this process, by name: the served file and the served code around it."""
    return {name: _ours(name, threads) for name in DETECTORS}


def theirs(mediapipe: Peer | None, facenet: Peer | None) -> dict[str, Detect]:
    """The peers' that can be had, by name."""
    found: dict[str, Detect] = {}
    if mediapipe is not None:
        found[LIKE] = lambda frames: mediapipe.detect(frames, "full")
        found["mediapipe short"] = lambda frames: mediapipe.detect(frames, "short")
    if facenet is not None:
        found["MTCNN"] = facenet.detect
    return found


def compare(
    detectors: Mapping[str, Detect], library: Library, rounds: int, advance: Callable[[str], None]
) -> list[dict[str, object]]:
    """A row per detector and framing; each looks at all frames in every round, one after the other.

    ms: median over the frames of a framing, from RGB to boxes on the cores of this machine, of the median
    round.

    Args:
        detectors: by name.
        library: for the pictures.
        rounds: that are measured.
        advance: is told the detector after each of its rounds.
    """
    frames = labels.labeled(library)
    images = [frame.image for frame in frames]
    seen: dict[str, list[Faces]] = {name: [] for name in detectors}
    for _ in range(rounds):
        for name, detect in detectors.items():
            seen[name].append(detect(images))
            advance(name)
    rows = []
    for framing in FRAMINGS:
        chosen = [at for at, frame in enumerate(frames) if frame.framing == framing]
        rows += [_row(name, framing, [frames[at] for at in chosen], chosen, seen) for name in detectors]
    return rows


def reach(
    detectors: Mapping[str, Detect], library: Library, advance: Callable[[str], None]
) -> list[dict[str, object]]:
    """A row per detector: of faces of each height (EDGES) how many it found, and how many there were."""
    totals: dict[str, list[tuple[int, int]]] = {name: [(0, 0)] * (len(EDGES) - 1) for name in detectors}
    for share in SHARES:
        frames = [frame for frame in labels.labeled(library, share) if len(frame.boxes)]
        for name, detect in detectors.items():
            found = detect([frame.image for frame in frames]).boxes
            counts = recall_by_height(found, [frame.boxes for frame in frames], EDGES)
            totals[name] = [(a + c, b + d) for (a, b), (c, d) in zip(totals[name], counts, strict=True)]
            advance(f"{name}, faces {share:g} as large")
    return [
        {
            "name": f"{name}, by height",
            "detector": name,
            "heights_px": list(EDGES),
            "faces": [of for _, of in counts],
            "found": [hits for hits, _ in counts],
        }
        for name, counts in totals.items()
    ]


def _row(
    name: str,
    framing: str,
    frames: Sequence[Labeled],
    at: Sequence[int],
    seen: Mapping[str, Sequence[Faces]],
) -> dict[str, object]:
    found = [seen[name][0].boxes[number] for number in at]
    against_labels = score(found, [frame.boxes for frame in frames])
    like = seen[LIKE][0].boxes if LIKE in seen and name != LIKE else None
    ms = [statistics.median(run.ms[number] for number in at) for run in seen[name]]
    return {
        "name": f"{name}, {framing}",
        "detector": name,
        "framing": framing,
        "pictures": len(frames),
        "faces": sum(len(frame.boxes) for frame in frames),
        "found": against_labels.found,
        "missed": against_labels.missed,
        "false": against_labels.false,
        "f1": against_labels.f1,
        "iou": against_labels.iou,
        "iou_like": None if like is None else score(found, [like[number] for number in at]).iou,
        "ms": round(statistics.median(ms), 3),
        "runs": {
            "detect_ms" if name in DETECTORS else "peer_detect_ms": [round(value, 3) for value in ms],
            "f1" if name in DETECTORS else "peer_f1": [against_labels.f1] * len(ms),
        },
    }


def _ours(name: str, threads: int) -> Detect:
    detector = DETECTORS[name]
    network = session(REPOSITORY.read(detector.model), threads)

    def detect(frames: Sequence[Image]) -> Faces:
        all_boxes, all_scores, times = [], [], []
        for number in (0, *range(len(frames))):  # what is made at the first call is not timed
            began = time.perf_counter()
            view = detector.view(Levels(frames[number]))
            found = network.run(["boxes", "scores", "landmarks"], {"image": view.pixels[None]})
            boxes, scores, points = (tensor[0] for tensor in found)
            faces = detector.candidates(view, boxes, scores, points, _MOST)
            times.append(1000 * (time.perf_counter() - began))
            all_boxes.append(np.array([face.box for face in faces], np.float32).reshape(-1, 4))
            all_scores.append(np.array([face.score for face in faces], np.float32))
        return Faces(all_boxes[1:], all_scores[1:], times[1:])

    return detect
