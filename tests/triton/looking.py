"""Calls of `vision` over Triton's own client, and pictures that are made of others."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from liveroom._faces import EXPRESSIONS
from numpy.typing import NDArray
from PIL import Image
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput

Array = NDArray[np.generic]
Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

FACES = ("boxes", "scores", "landmarks", "embeddings", "expressions", "meshes")


@dataclass(frozen=True)
class Seen:
    """What `vision` says of one picture, without the batch axis."""

    boxes: Floats
    scores: Floats
    landmarks: Floats
    embeddings: Floats
    expressions: Floats
    meshes: Floats
    size: NDArray[np.int32]
    nsfw: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def moods(self) -> list[str]:
        """The likeliest expression of each face."""
        return [EXPRESSIONS[at] for at in self.expressions.argmax(axis=1)]

    def by_place(self) -> "Seen":
        """Faces from left to right."""
        order = np.argsort(self.boxes[:, 0])
        return replace(self, **{name: getattr(self, name)[order] for name in FACES})


def inputs(data: bytes, detector: str | None = None, wanted: str | None = None) -> list[InferInput]:
    """One picture as Triton's client takes it."""
    texts = {"image": data, "detector": detector, "wanted": wanted}
    made = []
    for name, text in texts.items():
        if text is None:
            continue
        value = text.encode() if isinstance(text, str) else text
        made.append(InferInput(name, [1, 1], "BYTES"))
        made[-1].set_data_from_numpy(np.array([[value]], np.object_))
    return made


def ask(
    client: InferenceServerClient,
    data: bytes,
    outputs: Sequence[str] = (),
    detector: str | None = None,
    wanted: str | None = None,
) -> dict[str, Array]:
    """The outputs asked for (all where none is), without their batch axis."""
    asked = [InferRequestedOutput(name) for name in outputs] or None
    result = client.infer("vision", inputs(data, detector, wanted), outputs=asked, client_timeout=60)
    names = [output.name for output in result.get_response().outputs]
    return {name: cast(Array, result.as_numpy(name))[0] for name in names}


def see(client: InferenceServerClient, data: bytes, detector: str | None = None) -> Seen:
    """Everything that `vision` says of a picture."""
    return Seen(**ask(client, data, detector=detector))  # type: ignore[arg-type]  # Triton checks types


def differences(one: Seen, other: Seen) -> dict[str, float]:
    """The largest difference in each output; infinite where shapes differ."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in (*FACES, "size", "nsfw")}
    return {
        name: float(np.abs(a - b).max(initial=0.0)) if a.shape == b.shape else float("inf")
        for name, (a, b) in pairs.items()
    }


def jpeg(pixels: Pixels, **options: int | bytes) -> bytes:
    """A JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def ppm(pixels: Pixels) -> bytes:
    """Raw pixels [H,W,3]."""
    return b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def shrunk(pixels: Pixels, longest: int) -> Pixels:
    """In proportion, the longer side at most so long."""
    image = Image.fromarray(pixels)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(image)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turned counterclockwise, with gray corners."""
    return np.asarray(
        Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(128,) * 3)
    )
