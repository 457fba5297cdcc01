"""Faces in a picture, as plain frozen data, and the call that finds them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidInput
from ._outputs import Outputs
from ._protocol import Value

if TYPE_CHECKING:
    from ._transport import Transport

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""In the order of the model `face_expression`; a test compares."""

DETECTORS = ("blazeface", "centerface")
"""What `vision` can look for faces with."""

_OUTPUTS = ("size", "boxes", "scores", "landmarks", "embeddings", "expressions", "nsfw")

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """One face; places are in pixels of the upright picture that was sent, and may lie outside of it.

    Attributes:
        box: x1, y1, x2, y2.
        score: probability that it is a face.
        landmarks: five x, y: the eye on the left of the picture, the one on the right, the tip of the nose,
            the corner of the mouth on the left, the one on the right.
        expression: probability by name, in all 1: angry, disgust, fear, happy, sad, surprise, neutral.
        embedding: [128], unit length: faces of one person are near each other, see `Gallery`.
        mesh: [468, 3] points of the surface, x, y and depth, as in MediaPipe's face mesh, if asked for.
        name: who it is, where a gallery was asked and knows.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: tuple[Point, ...]
    expression: dict[str, float]
    embedding: NDArray[np.float32] = field(repr=False, compare=False)
    mesh: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)
    name: str | None = None

    @property
    def top_expression(self) -> str:
        """The likeliest one."""
        return max(self.expression, key=lambda name: self.expression[name])


@dataclass(frozen=True, slots=True)
class Vision:
    """What a picture shows.

    Attributes:
        width: pixels of the upright picture that was sent.
        height: likewise.
        faces: the surest first; none is fine.
        nsfw: probability that the picture is not safe to show.
    """

    width: int
    height: int
    faces: tuple[Face, ...]
    nsfw: float

    @property
    def only_face(self) -> Face:
        """The one face of a portrait.

        Raises:
            InvalidInput: there is none, or there are several.
        """
        if len(self.faces) != 1:
            raise InvalidInput(f"the picture shows {len(self.faces)} faces: expected one person alone")
        return self.faces[0]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """What a frame of a live room shows.

    Attributes:
        pts: seconds on the room's clock at which the frame was taken.
        vision: what it shows; faces have names where the room has a gallery.
        emitted_at: when this client received it, seconds since 1970 (`time.time()`).
    """

    pts: float
    vision: Vision
    emitted_at: float = field(default_factory=time.time)

    @property
    def kind(self) -> Literal["frame"]:
        """As every event has one."""
        return "frame"

    @property
    def pts_start(self) -> float:
        """As captions have it."""
        return self.pts

    @property
    def pts_end(self) -> float:
        """The same: a frame takes no time."""
        return self.pts


async def look(
    transport: Transport,
    picture: bytes,
    seconds: float,
    *,
    detector: str | None = None,
    meshes: bool = False,
    retry: bool = True,
) -> Vision:
    """What `vision` says of `picture`; only what is needed is asked for.

    Raises:
        LiveroomError: see `Transport.infer`.
    """
    inputs: dict[str, Value] = {"image": picture}
    if detector is not None:
        if detector not in DETECTORS:
            raise InvalidInput(f"detector is {detector!r}: expected one of {', '.join(DETECTORS)}")
        inputs["detector"] = detector
    wanted = (*_OUTPUTS, "meshes") if meshes else _OUTPUTS
    return _seen(await transport.infer("vision", inputs, seconds, outputs=wanted, retry=retry), meshes)


def _seen(outputs: Outputs, meshes: bool) -> Vision:
    width, height = outputs.whole("size", 2)
    scores = outputs.floats("scores", -1)
    count = len(scores)
    boxes = outputs.floats("boxes", count, 4).tolist()
    landmarks = outputs.floats("landmarks", count, 5, 2).tolist()
    expressions = outputs.floats("expressions", count, len(EXPRESSIONS)).tolist()
    embeddings = outputs.floats("embeddings", count, -1)
    surfaces = outputs.floats("meshes", count, 468, 3) if meshes else [None] * count
    faces = (
        Face(
            box=tuple(boxes[i]),
            score=float(scores[i]),
            landmarks=tuple((x, y) for x, y in landmarks[i]),
            expression=dict(zip(EXPRESSIONS, expressions[i], strict=True)),
            embedding=embeddings[i],
            mesh=surfaces[i],
        )
        for i in range(count)
    )
    return Vision(width, height, tuple(faces), outputs.number("nsfw"))
