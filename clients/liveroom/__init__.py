"""Thin client of a liveroom inference cluster: captions, transcripts, speech, faces, effects, chat.

    async with liveroom.AsyncClient("127.0.0.1:8001") as client:
        async with client.room("room-42") as room:
            ...

`Client` is the same without asyncio.
"""

from importlib.metadata import version as _version

from ._audio import AudioFile, read_audio
from ._chat_events import Moderated, Reason, RoomMood, Suggestion
from ._client import AsyncClient
from ._config import Limits, Retries, Timeouts
from ._effects import Effects
from ._errors import (
    ClientForked,
    DamagedFile,
    DeadlineExceeded,
    InferenceFailed,
    InvalidInput,
    LiveroomError,
    LostSpeech,
    ModelUnavailable,
    NotAllowed,
    Overloaded,
    RoomClosed,
    RoomFailed,
    RoomTaken,
    ServerUnavailable,
)
from ._faces import Face, FrameResult, Vision
from ._gallery import Gallery, Match
from ._model_stream import AsyncStream
from ._moderation import Moderation
from ._room import AsyncRoom
from ._sentiment import Sentiment
from ._speak import Speech, SpokenWord
from ._studio import AsyncStudioRoom, Edited
from ._sync import Client
from ._sync_rooms import Room, Stream, StudioRoom
from ._types import Caption, Health, Model, ModelHealth, Transcript
from ._unread_responses import Response
from ._voice_mood import VoiceMood

__version__ = _version("liveroom")

__all__ = [
    "AsyncClient",
    "AsyncRoom",
    "AsyncStream",
    "AsyncStudioRoom",
    "AudioFile",
    "Caption",
    "Client",
    "ClientForked",
    "DamagedFile",
    "DeadlineExceeded",
    "Edited",
    "Effects",
    "Face",
    "FrameResult",
    "Gallery",
    "Health",
    "InferenceFailed",
    "InvalidInput",
    "Limits",
    "LiveroomError",
    "LostSpeech",
    "Match",
    "Model",
    "ModelHealth",
    "ModelUnavailable",
    "Moderated",
    "Moderation",
    "NotAllowed",
    "Overloaded",
    "Reason",
    "Response",
    "Retries",
    "Room",
    "RoomClosed",
    "RoomFailed",
    "RoomMood",
    "RoomTaken",
    "Sentiment",
    "ServerUnavailable",
    "Speech",
    "SpokenWord",
    "Stream",
    "StudioRoom",
    "Suggestion",
    "Timeouts",
    "Transcript",
    "Vision",
    "VoiceMood",
    "read_audio",
]
