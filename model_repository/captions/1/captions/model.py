"""Triton model `captions`: a room's audio, chunk by chunk -> partial and final captions with timestamps.

Requests are taken off Triton's hands at once; an event loop on a thread of its own does the waiting, so a
room that waits for its recognition holds up no other. Events of a room go out on whichever of its requests is
open.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import asyncio
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Thread
from typing import NamedTuple

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from captions.admission import PROBE, Admission, FullError, Key
from captions.audio_input import LONGEST_CHUNK, Chunk
from captions.events import Caption, Outcome
from captions.meters import INVALID, Meter, Meters
from captions.resume import ResumeState
from captions.room import Room
from captions.writing import script_for
from serving_common.error_codes import Code
from serving_common.speech import HIGHEST_RATE

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL
START = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
END = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END

LONGEST_LANGUAGE = 200
"""Characters: as many candidates as anybody speaks in a room."""
RESUME = ("spoken", "hypothesis", "stable", "stable_language")
"""Inputs of a room that another server had before."""

TAKEN = Outcome(Code.ROOM_TAKEN, "another stream has begun this room")
CLOSED = Outcome(Code.ROOM_CLOSED, "this room is not open (any more): begin again with a sequence start")

Tensors = Mapping[str, NDArray[np.generic]]


class Open(NamedTuple):
    """A room, and the sequence that it is to Triton: another one of the same name is not heard in it."""

    sequence: str
    room: Room


class Asked(NamedTuple):
    """A request: its sequence, Triton's flags, its class of tenants, and when it came (monotonic seconds)."""

    sequence: str
    flags: int
    tenants: str
    at: float


class TritonPythonModel:
    """One instance: all of its rooms, on one event loop."""

    def initialize(self, args: dict[str, str]) -> None:
        """Start the event loop; a room has at most two calls to other models under way, a thread each."""
        config = json.loads(args["model_config"])
        self._admission = Admission(config["parameters"])
        self._meters = Meters(config["parameters"])
        self._rooms: dict[Key, Open] = {}
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(2 * self._admission.most))
        self._thread = Thread(target=self._loop.run_forever, name="captions", daemon=True)
        self._thread.start()

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> None:
        """Hand requests to their rooms; the answers come later, through their senders."""
        for request in requests:
            sender = TritonSender(request.get_response_sender())
            sequence, flags = str(request.correlation_id() or ""), request.flags()
            if not sequence:  # Triton's own warm-up; it refuses clients' requests without a sequence
                sender.done()
                continue
            given = json.loads(request.parameters() or "{}")
            asked = Asked(sequence, flags, self._meters.classes.of(given), time.monotonic())
            try:
                key = Key.of(sequence, given)
                tensors = {tensor.name(): _copied(tensor) for tensor in request.inputs()}
            except ValueError as error:
                Meter(self._meters, asked.tenants).dropped(INVALID)
                sender.refuse(Outcome(Code.INVALID_INPUT, str(error)))
                continue
            self._loop.call_soon_threadsafe(self._deliver, key, asked, tensors, sender)

    def finalize(self) -> None:
        """Let go of every room."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._admission.close()
        self._meters.close()

    def _deliver(self, key: Key, asked: Asked, tensors: Tensors, sender: TritonSender) -> None:
        """Find the room or open it, and give it its chunk."""
        try:
            chunk = _chunk(tensors)
            if asked.flags & START and asked.flags & END and key not in self._rooms:
                key = key.probing()
            if asked.flags & START:
                self._open(key, asked, tensors, chunk.pts)
        except (ValueError, FullError) as error:
            if isinstance(error, ValueError):
                Meter(self._meters, asked.tenants).dropped(INVALID)
            code = Code.OVERLOADED if isinstance(error, FullError) else Code.INVALID_INPUT
            sender.refuse(Outcome(code, str(error)))
            return
        there = self._rooms.get(key)
        if there is None:
            sender.refuse(CLOSED)
        elif there.sequence != asked.sequence:
            sender.refuse(TAKEN)
        else:
            there.room.offer(chunk, sender, asked.at, bool(asked.flags & END))

    def _open(self, key: Key, asked: Asked, tensors: Tensors, pts: float) -> None:
        """Open a room, in the place of one by the same name. Raises ValueError, or FullError."""
        language, denoise = _text(tensors, "language") or "auto", bool(_item(tensors, "denoise", False))
        if len(language) > LONGEST_LANGUAGE:
            raise ValueError(
                f"language has {len(language)} characters; it must be auto, or codes such as en,zh"
            )
        texts = {name: _text(tensors, name) for name in RESUME}
        until = float(tensors["hypothesis_until"][0]) if "hypothesis_until" in tensors else pts
        resume = ResumeState.parsed(texts, pts, until, script_for(language))
        former = self._rooms.pop(key, None)
        if former is not None:
            self._admission.leave(key.tenant)
            former.room.close(TAKEN)
        self._admission.enter(key.tenant)
        meter = Meter(self._meters, None if key.tenant == PROBE else asked.tenants)
        room = Room(key.sequence, language, denoise, resume, meter, partial(self._forget, key))
        self._rooms[key] = Open(asked.sequence, room)

    def _forget(self, key: Key, room: Room) -> None:
        if key in self._rooms and self._rooms[key].room is room:
            del self._rooms[key]
            self._admission.leave(key.tenant)


class TritonSender:
    """A request's way back, see `room.Sender`."""

    def __init__(self, sender: pb_utils.InferenceResponseSender) -> None:
        self._sender = sender

    def caption(self, caption: Caption, index: int) -> None:
        """Send an event as one response."""
        texts = {name: getattr(caption, name) for name in ("kind", "text", "stable", "language")}
        numbers = _span((caption.pts_start, caption.pts_end)) | {"index": np.array([index], np.int32)}
        self._sender.send(_event(texts, numbers))

    def error(self, error: Outcome) -> None:
        """Send an event of kind "error" without ending the request."""
        self._sender.send(_error(error))

    def refuse(self, error: Outcome) -> None:
        """End the request with such an event.

        In one response: whoever reads it may break off the stream at once, and Triton 24.10 crashes where it
        still has one to write (https://github.com/triton-inference-server/server/issues/8034).
        """
        self._sender.send(_error(error), flags=FINAL)

    def done(self) -> None:
        """End the request."""
        self._sender.send(flags=FINAL)

    def cancelled(self) -> bool:
        """Whether the client has gone."""
        return self._sender.is_cancelled()


def _error(error: Outcome) -> pb_utils.InferenceResponse:
    texts = {"kind": "error", "code": error.code, "message": error.message}
    return _event(texts, _span(error.span) if error.span else {})


def _event(texts: Mapping[str, str], numbers: Tensors) -> pb_utils.InferenceResponse:
    arrays = {name: np.array([text.encode()], np.object_) for name, text in texts.items()} | dict(numbers)
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in arrays.items()])


def _span(span: tuple[float, float]) -> dict[str, NDArray[np.generic]]:
    return {"pts_start": np.array([span[0]]), "pts_end": np.array([span[1]])}


def _item(tensors: Tensors, name: str, default: object) -> object:
    return tensors[name].reshape(-1)[0] if name in tensors else default


def _text(tensors: Tensors, name: str) -> str:
    value = _item(tensors, name, b"")
    return value.decode() if isinstance(value, bytes) else str(value)


def _copied(tensor: pb_utils.Tensor) -> NDArray[np.generic]:
    """Its array, which outlives the request; raises ValueError where it is larger than any input may be."""
    array = tensor.as_numpy()
    if array.size > LONGEST_CHUNK * HIGHEST_RATE:
        raise ValueError(
            f"{tensor.name()} has {array.size} samples; send at most {LONGEST_CHUNK:.0f} s at once"
        )
    return array.copy()


def _chunk(tensors: Tensors) -> Chunk:
    given = [name for name in ("audio", "audio_int16") if name in tensors]
    if len(given) != 1:
        raise ValueError(f"a chunk has {' and '.join(given) or 'no audio'}; send either audio or audio_int16")
    for name in ("sample_rate", "pts"):
        if name not in tensors:  # Triton only counts inputs where some are optional
            raise ValueError(f"a chunk has no {name}; send it with the audio")
    return Chunk(tensors[given[0]], int(tensors["sample_rate"][0]), float(tensors["pts"][0]))
