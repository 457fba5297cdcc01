"""Health by real inference: a model whose Python process died still reports ready."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import numpy as np

from ._config import DEFAULT_SAMPLE_RATE
from ._effects import Effects
from ._errors import LiveroomError
from ._types import Health, Model, ModelHealth

if TYPE_CHECKING:
    from ._client import AsyncClient


async def _asr(client: AsyncClient) -> None:
    """One second of silence."""
    await client.transcribe(np.zeros(DEFAULT_SAMPLE_RATE, np.int16), DEFAULT_SAMPLE_RATE, language="en")


async def _captions(client: AsyncClient) -> None:
    """A room with a tenth of a second of silence, opened and ended."""
    async with client.room(f"health-{uuid.uuid4().hex}", language="en") as room:
        await room.audio(np.zeros(DEFAULT_SAMPLE_RATE // 10, np.int16), DEFAULT_SAMPLE_RATE)


async def _vision(client: AsyncClient) -> None:
    """A grey picture, with nobody in it."""
    await client.vision(_GREY)


async def _studio(client: AsyncClient) -> None:
    """The same, with a blurred background."""
    await client.studio(_GREY, Effects(blur=1.0))


_GREY = np.full((64, 64, 3), 128, np.uint8)

_PROBES: dict[str, Callable[[AsyncClient], Awaitable[None]]] = {
    "asr": _asr,
    "captions": _captions,
    "vision": _vision,
    "studio": _studio,
}
"""The smallest real request to every model that a client calls; it covers the parts of an ensemble."""


async def check(client: AsyncClient) -> Health:
    """Probe, at the same time, every model that the server was asked to serve and the client calls.

    Raises:
        ServerUnavailable, DeadlineExceeded: the server did not even list its models.
    """
    listed = {model.name: model for model in await client.models()}
    probes = [
        _probe(client, listed[name], probe)
        for name, probe in _PROBES.items()
        if name in listed and listed[name].state  # a model that was never asked for has none
    ]
    return Health(client.url, tuple(await asyncio.gather(*probes)))


async def _probe(
    client: AsyncClient, model: Model, probe: Callable[[AsyncClient], Awaitable[None]]
) -> ModelHealth:
    if not model.ready:
        return ModelHealth(model.name, 0.0, f"not loaded: {model.reason or model.state}")
    began = time.monotonic()
    error: str | None = None
    try:
        async with asyncio.timeout(client.timeouts.health):
            await probe(client)
    except LiveroomError as failure:
        error = str(failure)
    except TimeoutError:
        error = f"did not answer within {client.timeouts.health:g} s"
    return ModelHealth(model.name, time.monotonic() - began, error)
