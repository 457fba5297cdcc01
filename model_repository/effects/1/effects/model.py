"""Triton model `effects`: a room's frame -> the same with another background, smoother skin, stickers ...

A room is a sequence; what it keeps is in `rooms`. Requests of one `execute` are of different rooms: the faces
of all are looked for at once, and then each frame is edited.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
import json
from dataclasses import dataclass

import cv2
import numpy as np
import triton_python_backend_utils as pb_utils

from effects.anonymize import nearest
from effects.background import Picture
from effects.bls import NONE, decode, find_faces, look_out
from effects.editing import edit
from effects.encoding import encode, format_of
from effects.raster import Floats, Pixels
from effects.room import Room
from effects.settings import Settings, parse
from effects.suspects import Verdict, not_among
from serving_common.error_codes import Code
from serving_common.errors import CallError, RefusedError, refusal
from serving_common.malloc_tuning import keep_freed_memory
from serving_common.rooms import Rooms, RoomsFullError

LARGEST = 3_840
"""Pixels of the longer side of a frame, as image_decoder gives them."""
START = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
END = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END


@dataclass(frozen=True)
class Frame:
    """A request, checked."""

    image: bytes
    pixels: Pixels
    mask: Floats
    settings: Settings
    background: bytes | None
    enrolled: Floats
    alone: bool
    """Whether its room begins and ends with it."""


@dataclass(frozen=True)
class Seen:
    """Boxes [N, 4] of all that may be faces, how far from enrolled ones [N], and meshes [F, 468, 3]."""

    boxes: Floats
    distances: Floats
    meshes: Floats
    verdict: Verdict | None
    """Of the second look, where there was one."""


class TritonPythonModel:
    """One instance, with rooms of its own: Triton gives it all frames of the sequences that began with it."""

    def initialize(self, args: dict[str, str]) -> None:
        """One thread an instance: there are as many instances as cores to share."""
        cv2.setNumThreads(1)
        keep_freed_memory()
        config = json.loads(args["model_config"])
        self._rooms: Rooms[Room] = Rooms(int(config["parameters"]["max_rooms"]["string_value"]))
        self._rooms.keep_sweeping()

    async def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return list(await asyncio.gather(*(self._answer(request) for request in requests)))

    def finalize(self) -> None:
        """Let go of every room."""
        self._rooms.close()

    async def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        name, flags = request.correlation_id(), request.flags()
        if not name:  # Triton's own warm-up; it refuses clients' requests without a sequence
            return _response(b"", 0.0)
        try:
            room = self._rooms.open(name, Room()) if flags & START else self._rooms.get(name)
            if room is None:
                closed = "this room is not open (any more): begin again with a sequence start"
                raise RefusedError(Code.ROOM_CLOSED, closed)
            return _response(*await _edited(_checked(request), room))
        except ValueError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        except RoomsFullError as error:
            return refusal(Code.OVERLOADED, str(error))
        except (CallError, RefusedError) as error:
            return refusal(error.code, str(error))
        except Exception as error:  # a fault of ours fails this request, with its reason, and no other
            return refusal(Code.INFERENCE_FAILED, f"effects failed: {error!r}")
        finally:
            if flags & END:
                self._rooms.leave(name)


async def _edited(frame: Frame, room: Room) -> tuple[bytes, float]:
    """The encoded picture, and the `doubt` about it.

    The room changes only once nothing can be refused any more.
    """
    settings = frame.settings
    if frame.background:
        room.background = await _picture(frame.background)
    if settings.replace > 0 and room.background is None:
        raise ValueError(
            f"replace is {settings.replace:g} but this room has no background yet: send one with the frame"
        )
    kind = format_of(frame.image) if settings.format == "same" else settings.format
    if not settings.changes_picture:
        same = kind == format_of(frame.image)
        return frame.image if same else encode(frame.pixels, kind, settings.quality), 0.0
    # The matte is made while the networks are at work.
    seeing, matting = asyncio.create_task(_see(frame, room.watched)), asyncio.create_task(_matte(frame, room))
    await asyncio.wait([seeing, matting])
    seen, matte = seeing.result(), matting.result()
    hidden, doubts = NONE.boxes, 0.0
    if seen.verdict is not None:
        hidden = room.watch.hidden(seen.boxes, seen.distances, settings.threshold)
        room.watched += 1
        doubts = seen.verdict.doubt(hidden, seen.boxes)
    edited = edit(
        frame.pixels, settings, matte=matte, picture=room.background, hidden=hidden, meshes=seen.meshes
    )
    return encode(edited, kind, settings.quality), doubts


async def _matte(frame: Frame, room: Room) -> Floats | None:
    if not frame.settings.changes_background:
        return None
    return await asyncio.to_thread(room.matte, frame.mask, frame.pixels)


async def _see(frame: Frame, number: int) -> Seen:
    """What the effects of a frame, the `number`-th whose faces are hidden, have to know of them."""
    settings, hides = frame.settings, frame.settings.anonymize > 0
    compares = hides and len(frame.enrolled) > 0
    finding = asyncio.create_task(
        find_faces(frame.pixels, boxes=hides, meshes=settings.needs_meshes, embeddings=compares)
    )
    if not hides:
        return Seen(NONE.boxes, np.zeros(0, np.float32), (await finding).meshes, None)
    looking = asyncio.create_task(look_out(frame.pixels, number, alone=frame.alone))
    await asyncio.wait([finding, looking])  # for both, even if one fails
    found, verdict = finding.result(), looking.result()
    boxes = np.concatenate([found.boxes, not_among(verdict.faces, found.boxes)])
    distances = np.full(len(boxes), np.inf, np.float32)
    if compares:
        distances[: len(found.boxes)] = nearest(found.embeddings, frame.enrolled)
    return Seen(boxes, distances, found.meshes, verdict)


async def _picture(data: bytes) -> Picture:
    try:
        return Picture(await decode(data))
    except CallError as error:
        if error.code is not Code.INVALID_INPUT:
            raise
        raise ValueError(f"background cannot be taken: {error}") from error


def _checked(request: pb_utils.InferenceRequest) -> Frame:
    """What the request holds. Raises ValueError, SettingsError too."""
    tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
    if missing := {"image", "frame", "size", "mask", "settings"} - tensors.keys():
        raise ValueError(f"{' and '.join(sorted(missing))} is missing")
    if not all(map(len, tensors.values())):
        raise ValueError("frame is a batch of none: send one")
    pixels = tensors["frame"][0]  # always one frame: Triton's sequence batcher takes no more
    if not 0 < min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= LARGEST:
        raise ValueError(
            f"frame has {pixels.shape[1]} x {pixels.shape[0]} pixels; it needs one at least, and at most"
            f" {LARGEST} on the longer side"
        )
    width, height = (int(side) for side in tensors["size"][0])
    if pixels.shape[:2] != (height, width):  # image_decoder made it smaller: it would not come back as sent
        most = max(pixels.shape[:2])
        raise ValueError(
            f"the picture has {width} x {height} pixels; effects take up to {most} on the longer side"
        )
    background = tensors["background"][0, 0] if "background" in tensors else None
    people = tensors["enrolled"][0].astype(np.float32) if "enrolled" in tensors else NONE.embeddings
    _check_unit(people)
    settings = parse(tensors["settings"][0, 0])
    mask = tensors["mask"][0].astype(np.float32, copy=False)
    image, pixels = tensors["image"][0, 0], pixels.astype(np.uint8, copy=False)
    alone = bool(request.flags() & START) and bool(request.flags() & END)
    return Frame(image, pixels, mask, settings, background, people, alone)


def _check_unit(people: Floats) -> None:
    """Raises ValueError unless all embeddings [N, 128] are of unit length."""
    lengths = np.linalg.norm(people, axis=1)
    wrong = np.flatnonzero(~(np.abs(lengths - 1) < 0.01))
    if len(wrong):
        raise ValueError(
            f"enrolled has an embedding of length {lengths[wrong[0]]:.4g} (number {wrong[0]});"
            " embeddings are of unit length, as vision gives them"
        )


def _response(edited: bytes, doubts: float) -> pb_utils.InferenceResponse:
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("edited", np.array([[edited]], np.object_)),
            pb_utils.Tensor("doubt", np.array([[doubts]], np.float32)),
        ]
    )
