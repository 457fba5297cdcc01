"""The scripted server, with answers for `vision` and `studio`: what it sees is written in the picture."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import grpc
import numpy as np
from liveroom._faces import EXPRESSIONS
from liveroom._picture import pixels_of_ppm
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from tests.unit.peer import Peer, Request

Answer: TypeAlias = service_pb2.ModelInferResponse
Hook: TypeAlias = Callable[[bytes], Awaitable[None]]


async def at_once(picture: bytes) -> None:
    """Holds nothing up."""


class PicturePeer(Peer):
    """Sees one face per grey level of a PPM's first pixel, each of another person; `failures` come first.

    `studio` gives the picture back, inverted if `settings` ask for a blur. `hook` runs before each answer.
    """

    def __init__(self, hook: Hook = at_once) -> None:
        super().__init__(states={"vision": "READY", "studio": "READY"})
        self.hook = hook
        self.people_in_files = 1
        self.nsfw = 0.125

    async def ModelInfer(self, request: Request, context: grpc.aio.ServicerContext) -> Answer:  # noqa: N802
        """Note the request, then fail or answer."""
        self.unary.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        if self.failures:
            await context.abort(*self.failures.pop(0))
        inputs = sent(request)
        await self.hook(inputs["image"][4:])
        return edited(inputs) if request.model_name == "studio" else self.seen(inputs["image"][4:], request)

    def seen(self, picture: bytes, request: Request) -> Answer:
        """The answer of `vision`; in a picture that is no PPM it sees `people_in_files`."""
        return seen(picture, request, self.people_in_files, self.nsfw)


def sent(request: Request) -> dict[str, bytes]:
    """The raw inputs by name."""
    return dict(zip((tensor.name for tensor in request.inputs), request.raw_input_contents, strict=True))


def person(number: int) -> NDArray[np.float32]:
    """The embedding [128] of the n-th person: at right angles to everyone else's."""
    embedding = np.zeros(128, np.float32)
    embedding[number] = 1
    return embedding


DOUBTFUL = 190
"""What a grey frame has at least in which it cannot tell whether there is a face."""


def scene(people: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture in which the peer sees so many people."""
    return np.full((height, width, 3), people, np.uint8)


def seen(picture: bytes, request: Request, people_in_files: int = 1, nsfw: float = 0.125) -> Answer:
    """The answer of `vision`: only what was asked for."""
    try:
        pixels = pixels_of_ppm(picture)
    except ValueError:
        pixels = scene(people_in_files)
    count, (height, width, _) = int(pixels[0, 0, 0]), pixels.shape
    arrays: dict[str, NDArray[np.generic]] = {
        "size": np.array([width, height], np.int32),
        "boxes": np.array([[10 * n, 5, 10 * n + 8, 15] for n in range(count)], np.float32).reshape(-1, 4),
        "scores": np.linspace(0.9, 0.5, count).astype(np.float32),
        "landmarks": np.zeros((count, 5, 2), np.float32) + np.float32(7),
        "embeddings": np.eye(count, 128, dtype=np.float32),
        "expressions": np.tile(np.eye(1, 7, EXPRESSIONS.index("happy"), dtype=np.float32), (count, 1)),
        "meshes": np.zeros((count, 468, 3), np.float32),
        "nsfw": np.array([nsfw], np.float32),
    }
    response = Answer(model_name="vision")
    for wanted in request.outputs:
        array = arrays[wanted.name]
        datatype = "INT32" if array.dtype == np.int32 else "FP32"
        response.outputs.add(name=wanted.name, datatype=datatype, shape=[1, *array.shape])
        response.raw_output_contents.append(array.tobytes())
    return response


def edited(inputs: dict[str, bytes]) -> Answer:
    """The answer of `studio`."""
    picture = inputs["image"][4:]
    doubtful = _doubtful(picture)
    if json.loads(inputs["settings"][4:]).get("blur"):
        try:
            pixels = pixels_of_ppm(picture)
            picture = picture[: -pixels.size] + (255 - pixels).tobytes()
        except ValueError:
            picture = picture[::-1]
    response = Answer(model_name="studio")
    response.outputs.add(name="edited", datatype="BYTES", shape=[1, 1])
    response.raw_output_contents.append(len(picture).to_bytes(4, "little") + picture)
    response.outputs.add(name="doubt", datatype="FP32", shape=[1, 1])
    response.raw_output_contents.append(np.float32(0.5 if doubtful else 0).tobytes())
    return response


def _doubtful(picture: bytes) -> bool:
    try:
        return bool(pixels_of_ppm(picture)[0, 0, 0] >= DOUBTFUL)
    except ValueError:
        return b"doubtful" in picture


class Gate:
    """A hook that lets frames through one by one: `arrived` are waiting at it."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[int] = asyncio.Queue()
        self._doors: dict[int, asyncio.Event] = {}

    async def __call__(self, picture: bytes) -> None:
        """Wait to be let through."""
        number = int(pixels_of_ppm(picture)[0, 0, 0])
        door = self._doors[number] = asyncio.Event()
        self.arrived.put_nowait(number)
        await door.wait()

    def open(self, number: int) -> None:
        """Let the frame with that grey level through."""
        self._doors[number].set()

    async def arrivals(self, count: int) -> list[int]:
        """The grey levels of the next `count` frames to arrive; waits at most five seconds."""
        async with asyncio.timeout(5):
            return [await self.arrived.get() for _ in range(count)]
