"""Thin client of a liveroom inference cluster: captions of live rooms, transcripts of recordings.

    async with liveroom.AsyncClient("127.0.0.1:8001") as client:
        async with client.room("room-42") as room:
            ...

`Client` is the same without asyncio.
"""

from ._audio import AudioFile, read_audio
from ._client import AsyncClient
from ._config import Limits, Retries, Timeouts
from ._errors import (
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    ModelUnavailable,
    Overloaded,
    RoomClosed,
    ServerUnavailable,
)
from ._room import AsyncRoom
from ._sync import Client, Room
from ._types import Caption, Health, Model, ModelHealth, Transcript

__all__ = [
    "AsyncClient",
    "AsyncRoom",
    "AudioFile",
    "Caption",
    "Client",
    "DeadlineExceeded",
    "Health",
    "InferenceFailed",
    "InvalidInput",
    "Limits",
    "LiveroomError",
    "Model",
    "ModelHealth",
    "ModelUnavailable",
    "Overloaded",
    "Retries",
    "Room",
    "RoomClosed",
    "ServerUnavailable",
    "Timeouts",
    "Transcript",
    "read_audio",
]
