"""Pictures through `studio`: each is a step in the sequence of its room, which keeps the matte steady."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from . import _fork
from ._config import Timeouts
from ._effects import Effects
from ._errors import InvalidInput, LiveroomError, RoomClosed, about
from ._gallery import Gallery
from ._picture import Picture, picture_bytes
from ._protocol import Step, Value, check_room_id, new_sequence
from ._transport import Transport

_LAST = picture_bytes(np.zeros((1, 1, 3), np.uint8))
"""What goes with the end of a sequence, which Triton takes only together with a frame."""

_HURRY_S = 0.5
"""Seconds that the end may take when the task is being cancelled."""


class Edited(bytes):
    """An edited picture: the bytes of a file.

    Attributes:
        doubt: with `Effects.anonymize`, what speaks for a face that was not hidden, up to 1: something is
            almost one. Above 0 look at the picture before you show it.
    """

    doubt: float

    def __new__(cls, data: bytes, doubt: float = 0.0) -> Edited:
        """The picture `data`."""
        edited = super().__new__(cls, data)
        edited.doubt = doubt
        return edited


@dataclass(frozen=True, slots=True)
class StudioOptions:
    """What is to be done to the frames of a room, checked."""

    effects: Effects
    background: bytes | None
    enrolled: Gallery | None

    @classmethod
    def checked(cls, effects: Effects, background: Picture | None, enrolled: Gallery | None) -> StudioOptions:
        """Options as a caller gives them.

        Raises:
            InvalidInput: there is a background and nothing to do with it, or the other way round.
        """
        if (effects.replace > 0) != (background is not None):
            raise InvalidInput(
                f"Effects.replace is {effects.replace:g} and there is "
                f"{'no' if background is None else 'a'} background: expected both or neither"
            )
        return cls(effects, None if background is None else picture_bytes(background), enrolled)

    async def edit(self, transport: Transport, picture: bytes, step: Step, seconds: float) -> Edited:
        """`picture` with effects. The server keeps a room's background, so it goes with the first frame.

        Raises:
            LiveroomError: see `Transport.infer`.
        """
        inputs: dict[str, Value] = {"image": picture, "settings": self.effects.settings()}
        if self.background is not None and step.start:
            inputs["background"] = self.background
        if self.enrolled is not None and len(self.enrolled):
            inputs["enrolled"] = self.enrolled.embeddings
        outputs = await transport.infer("studio", inputs, seconds, step=step)
        return Edited(outputs.data("edited"), outputs.number("doubt") if self.effects.anonymize else 0.0)


class AsyncStudioRoom(_fork.StaysHere):
    """The frames of one room, edited one after another; use as `async with client.studio_room(...) as room`.

    Leaving the block ends the room on the server, after errors too. If the server has forgotten the room
    meanwhile (a minute without a frame, or a restart) the next frame simply begins it again.
    """

    def __init__(
        self, transport: Transport, room_id: str, options: StudioOptions, timeouts: Timeouts
    ) -> None:
        self.id = check_room_id(room_id)
        self._sequence = new_sequence()
        self._transport = transport
        self._options = options
        self._timeouts = timeouts
        self._turn = asyncio.Lock()
        self._sent = False  # whether the server may know the room
        self._begun = False  # whether it does, and its background
        self._open: bool | None = None

    async def edit_frame(self, image: Picture) -> Edited:
        """The frame with effects, as the bytes of a file of `Effects.format`.

        Frames are edited in the order of these calls, one at a time.

        Args:
            image: uint8 RGB [height, width, 3], the bytes of a JPEG, PNG, WebP, AVIF or PPM file, or a path.

        Raises:
            InvalidInput: the frame, the background or a setting is wrong; the room goes on.
            RoomClosed: outside of the block.
            Overloaded, ServerUnavailable, ModelUnavailable, InferenceFailed, DeadlineExceeded
        """
        _fork.check()  # before the lock, which the fork may have left held
        picture = picture_bytes(image)
        async with self._turn:
            if not self._open:
                raise self._closed("is not open: use `async with client.studio_room(...)`")
            try:
                return await self._edit(picture, start=not self._begun)
            except RoomClosed:
                return await self._edit(picture, start=True)

    async def __aenter__(self) -> AsyncStudioRoom:
        if self._open is not None:
            raise self._closed("was opened before: make another")
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if _fork.lost():
            return
        async with self._turn:
            if self._sent:
                last = StudioOptions(Effects(), None, None)
                with contextlib.suppress(LiveroomError):  # the server forgets an idle room by itself
                    seconds = _HURRY_S if kind is asyncio.CancelledError else self._timeouts.control
                    await last.edit(self._transport, _LAST, self._step(end=True), seconds)

    async def _edit(self, picture: bytes, *, start: bool) -> Edited:
        self._sent = True
        step = self._step(start=start)
        edited = await self._options.edit(self._transport, picture, step, self._timeouts.picture)
        self._begun = True
        return edited

    def _closed(self, why: str) -> RoomClosed:
        return about(RoomClosed(f"studio room {self.id!r} {why}"), room_id=self.id)

    def _step(self, *, start: bool = False, end: bool = False) -> Step:
        return Step(self.id, self._sequence, start, end)
