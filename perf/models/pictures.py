"""The models of pictures without a server: the served modules and networks in this process."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

import cv2
import numpy as np

from evaluation.pictures import Image
from exporters.onnx_tools import Array, Floats
from perf.inputs.recorded import Step
from perf.models.instances import InProcess, Instance
from perf.served.networks import Networks
from perf.served.pictures import (
    DEFAULT_DETECTOR,
    DETECTORS,
    Frame,
    Room,
    Run,
    decode,
    edit,
    encode,
    look,
    parse,
    views,
)

Work = Callable[[Step, Run, int], object]
"""Does what a request asks for, with networks; the number is its place in the batch."""
_DETECTOR = DETECTORS[DEFAULT_DETECTOR]
_PATIENCE_S = 60.0
_LARGEST_BATCH = 64


class Together:
    """Networks for frames that are looked at side by side: what all of them ask for next is one batch.

    run: asks a network. frames: how many there are; each says when it is `done`.
    """

    def __init__(self, run: Run, frames: int) -> None:
        self._run = run
        self._busy = frames
        self._changed = Condition()
        self._asked: list[_Asked] = []

    def __call__(self, model: str, images: Sequence[Image], outputs: Sequence[str]) -> list[Floats]:
        """See `Networks`; returns when every other frame asks for something too, or is done."""
        asked = _Asked(model, images, outputs)
        with self._changed:
            self._asked.append(asked)
            self._serve_all()
            if not self._changed.wait_for(lambda: asked.answer is not None, _PATIENCE_S):
                raise RuntimeError(f"{model} was not asked for by every frame within {_PATIENCE_S:g} s")
        return asked.answer or []

    def done(self) -> None:
        """One frame asks for nothing more."""
        with self._changed:
            self._busy -= 1
            self._serve_all()

    def _serve_all(self) -> None:
        if not self._asked or len(self._asked) < self._busy:
            return
        for model, outputs in dict.fromkeys((each.model, tuple(each.outputs)) for each in self._asked):
            batch = [each for each in self._asked if (each.model, tuple(each.outputs)) == (model, outputs)]
            found = self._run(model, [image for each in batch for image in each.images], outputs)
            ends = np.cumsum([len(each.images) for each in batch])[:-1]
            parts = [np.split(tensor, ends) for tensor in found]
            for at, each in enumerate(batch):
                each.answer = [tensor[at] for tensor in parts]
        self._asked.clear()
        self._changed.notify_all()


class _Asked:
    """What a frame asks of a network, and what it is told."""

    def __init__(self, model: str, images: Sequence[Image], outputs: Sequence[str]) -> None:
        self.model = model
        self.images = images
        self.outputs = outputs
        self.answer: list[Floats] | None = None


def _image_decoder(threads: int) -> Instance:
    """Picture after picture; a decoder has but one thread."""
    return lambda batch: lambda: [views(decode(_file(step["image"])).frame) for step in batch]


def _faces(threads: int) -> Instance:
    def seen(step: Step, run: Run, at: int) -> None:
        frame, safety_view = (np.asarray(step[name], np.uint8) for name in ("frame", "safety_view"))
        width, height = step["size"].tolist()
        _see(frame, (width, height), safety_view, run)

    return _instance(threads, seen)


def _vision(threads: int) -> Instance:
    """The ensemble's steps."""

    def seen(step: Step, run: Run, at: int) -> None:
        picture = decode(_file(step["image"]))
        _see(picture.frame, (picture.width, picture.height), views(picture.frame)[1], run)

    return _instance(threads, seen)


def _see(frame: Image, size: tuple[int, int], safety_view: Image, run: Run) -> None:
    """All that a frame shows."""
    run("nsfw", [safety_view], ["probability"])
    look(Frame(frame, size, run), run, _DETECTOR)


def _effects(threads: int) -> Instance:
    rooms: dict[int, Room] = {}

    def edited(step: Step, run: Run, at: int) -> None:
        frame = step["frame"].astype(np.uint8, copy=False)
        _edit(frame, step["mask"].astype(np.float32, copy=False), step, run, rooms.setdefault(at, Room()))

    return _instance(threads, edited)


def _studio(threads: int) -> Instance:
    """The ensemble's steps; the n-th of a batch is a frame of the n-th room."""
    rooms: dict[int, Room] = {}

    def edited(step: Step, run: Run, at: int) -> None:
        frame = decode(_file(step["image"])).frame
        (mask,) = run("person_segmenter", [views(frame)[0]], ["mask"])
        _edit(frame, mask[0], step, run, rooms.setdefault(at, Room()))

    return _instance(threads, edited)


def _edit(frame: Image, mask: Floats, step: Step, run: Run, room: Room) -> bytes:
    """A frame with the effects that its settings ask for, nobody being enrolled, as JPEG."""
    settings = parse(str(step["settings"][0]))
    height, width = frame.shape[:2]
    nothing = {"boxes": np.zeros((0, 4), np.float32), "meshes": np.zeros((0, 468, 3), np.float32)}
    seen = nothing
    if settings.needs_meshes or settings.anonymize > 0:
        seen = look(Frame(frame, (width, height), run), run, _DETECTOR, faces_too=settings.anonymize > 0)
    matte = room.matte(mask, frame) if settings.changes_background else None
    edited = edit(
        frame, settings, matte=matte, picture=room.background, hidden=seen["boxes"], meshes=seen["meshes"]
    )
    return encode(edited, "jpeg", settings.quality)


def _instance(threads: int, work: Work) -> Instance:
    """Runs `work` on each request of a batch, side by side where there are several."""
    cv2.setNumThreads(1)  # as the served models have it
    networks, pool = Networks(threads), ThreadPoolExecutor(_LARGEST_BATCH)

    def run(batch: Sequence[Step]) -> None:
        if len(batch) == 1:
            work(batch[0], networks, 0)
            return
        together = Together(networks, len(batch))

        def one(step: Step, at: int) -> None:
            try:
                work(step, together, at)
            finally:
                together.done()

        for each in [pool.submit(one, step, at) for at, step in enumerate(batch)]:
            each.result()

    return lambda batch: lambda: run(batch)


def _file(tensor: Array) -> bytes:
    return bytes(tensor.item(0))


PYTHON: Mapping[str, InProcess] = {
    "effects": InProcess(_effects),
    "faces": InProcess(_faces),
    "image_decoder": InProcess(_image_decoder),
    "studio": InProcess(_studio),
    "vision": InProcess(_vision),
}
