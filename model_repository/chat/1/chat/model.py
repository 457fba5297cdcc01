"""Triton model `chat`: a room's lines -> what becomes of each, with reasons, and the mood of those who write.

A room is a sequence. The lines of all rooms whose requests come at the same time are scored together.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import triton_python_backend_utils as pb_utils

from chat.bls import score
from chat.messages import Scored
from chat.meters import Meters
from chat.requests import Asked, read
from chat.resume import LONGEST, State
from chat.room import Event, Room
from chat.settings import Settings, SettingsError, parsed
from serving_common.error_codes import Code
from serving_common.errors import CallError, RefusedError, refusal
from serving_common.rooms import Rooms, RoomsFullError

START = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
END = pb_utils.TRITONSERVER_REQUEST_FLAG_SEQUENCE_END


@dataclass
class Work:
    """A request that can be answered once its lines are scored; `events` are told before theirs."""

    room: Room
    asked: Asked
    events: list[Event]
    tenants: str
    """The class of them."""

    @property
    def lines(self) -> list[str]:
        """As the models are to see them."""
        return [self.room.to_score(message) for message in self.asked.messages]


class TritonPythonModel:
    """One instance, with all rooms."""

    def initialize(self, args: dict[str, str]) -> None:
        """Rooms that send nothing for a minute are forgotten, as Triton forgets their sequences."""
        config = json.loads(args["model_config"])
        self._rooms: Rooms[Room] = Rooms(int(config["parameters"]["max_rooms"]["string_value"]))
        self._rooms.keep_sweeping()
        self._meters = Meters(config["parameters"])

    async def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        opened = [self._opened(request) for request in requests]
        lines = [line for work in opened if isinstance(work, Work) for line in work.lines]
        try:
            scored = iter(await score(lines))
        except CallError as error:
            responses = [refusal(error.code, str(error)) if isinstance(w, Work) else w for w in opened]
        else:
            responses = [self._judged(w, scored) if isinstance(w, Work) else w for w in opened]
        for request in requests:
            if request.flags() & END:
                self._rooms.leave(request.correlation_id())
        return responses

    def finalize(self) -> None:
        """Let go of every room."""
        self._rooms.close()
        self._meters.close()

    def _judged(self, work: Work, scored: Iterator[Scored]) -> pb_utils.InferenceResponse:
        """The answer to a request, of whose lines the scores come next."""
        messages = work.asked.messages
        events = list(work.room.judge(messages, [next(scored) for _ in messages]))
        for event in events:
            if event["kind"] == "moderated":
                self._meters.judged(work.tenants, str(event["action"]))
        return _response([*work.events, *events], work.room.state())

    def _opened(self, request: pb_utils.InferenceRequest) -> Work | pb_utils.InferenceResponse:
        """What there is to do for a request, or why there is nothing."""
        if not request.correlation_id():  # Triton's own warm-up; it refuses clients' requests without one
            return _response([], b"")
        try:
            return self._work(request)
        except (ValueError, SettingsError) as error:
            return refusal(Code.INVALID_INPUT, str(error))
        except RoomsFullError as error:
            return refusal(Code.OVERLOADED, str(error))
        except RefusedError as error:
            return refusal(error.code, str(error))
        except Exception as error:  # a fault of ours fails this request, with its reason, and no other
            return refusal(Code.INFERENCE_FAILED, f"chat failed: {error!r}")

    def _work(self, request: pb_utils.InferenceRequest) -> Work:
        """Its room, opened or found, and changed. Raises ValueError, RoomsFullError, RefusedError."""
        name = request.correlation_id()
        tenants = self._meters.classes.of(json.loads(request.parameters() or "{}"))
        asked = read({tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        if request.flags() & START:
            settings = parsed(asked.settings or b"", Settings, "settings")
            state = parsed(asked.state or b"", State, "state", LONGEST)
            begun = self._rooms.open(name, Room(settings, state))
            return Work(
                begun, asked, list(begun.begin(asked.messages[0].pts if asked.messages else 0.0)), tenants
            )
        room = self._rooms.get(name)
        if room is None:
            closed = "this room is not open (any more): begin again with a sequence start"
            raise RefusedError(Code.ROOM_CLOSED, closed)
        changed = asked.settings and parsed(asked.settings, Settings, "settings")
        return Work(room, asked, list(room.change(changed)) if changed else [], tenants)


def _response(events: list[Event], state: bytes) -> pb_utils.InferenceResponse:
    encoded = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("events", np.array([encoded], np.object_).reshape(1, len(encoded))),
            pb_utils.Tensor("state", np.array([[state]], np.object_)),
        ]
    )
