"""Health by known answers: a model whose process died, or whose weights are NaN, still reports ready."""

from __future__ import annotations

import asyncio
import math
import time
import uuid
import wave
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ._chat_events import Moderated
from ._effects import Effects
from ._errors import InferenceFailed, InvalidInput, LiveroomError
from ._types import Caption, Health, Model, ModelHealth

if TYPE_CHECKING:
    from ._client import AsyncClient


_SPEECH = Path(__file__).with_name("_speech.wav")
"""1.2 s of a reading from LibriVox, in the public domain: any recognizer of use finds words in it."""
_FACE = Path(__file__).with_name("_face.jpg")
"""Eileen Collins, photographed by NASA, in the public domain: one face."""


_Probe = Callable[["AsyncClient"], Awaitable[None]]
_PROBES: dict[str, _Probe] = {}
"""A small request with a known answer to every model that a client calls; it covers an ensemble's parts."""


def _probes(model: str) -> Callable[[_Probe], _Probe]:
    """Makes a function the probe of `model`."""

    def register(probe: _Probe) -> _Probe:
        _PROBES[model] = probe
        return probe

    return register


@_probes("asr")
async def _asr(client: AsyncClient) -> None:
    """A second of speech has words."""
    heard = await client.transcribe(*_speech())
    _expect(_has_words(heard.text), f"text {heard.text!r} for a second of speech, expected words")
    _expect(_finite(heard.avg_logprob, heard.no_speech_prob), "probabilities that are not finite")


@_probes("captions")
async def _captions(client: AsyncClient) -> None:
    """So has a room with it, opened and ended."""
    texts = []
    async with client.room(f"health-{uuid.uuid4().hex}") as room:
        await room.send_audio(*_speech())
        await room.end()
        async for event in room.events():
            texts += [event.text] if isinstance(event, Caption) else []
    _expect(any(map(_has_words, texts)), f"captions {texts} for a second of speech, expected words")


@_probes("catalog")
async def _catalog(client: AsyncClient) -> None:
    """The store can be read."""
    async for _ in client.announced("rooms"):
        break


@_probes("chat")
async def _chat(client: AsyncClient) -> None:
    """A greeting is let through."""
    lines = []
    async with client.room(f"health-{uuid.uuid4().hex}") as room:
        await room.send_chat("你好 hello")
        await room.end()
        async for event in room.events():
            lines += [event] if isinstance(event, Moderated) else []
    _expect(
        [line.action for line in lines] == ["allow"], f"{lines} for a greeting, expected that it is allowed"
    )


@_probes("vision")
async def _vision(client: AsyncClient) -> None:
    """A portrait has one face, and is safe."""
    seen = await client.analyze_image(_FACE)
    _expect(len(seen.faces) == 1, f"{len(seen.faces)} faces in a portrait, expected 1")
    face = seen.faces[0]
    _expect(_finite(seen.nsfw, face.score, *face.embedding), "numbers that are not finite")


@_probes("studio")
async def _studio(client: AsyncClient) -> None:
    """The same with a blurred background is another picture of a face."""
    edited = await client.edit_image(_FACE, Effects(blur=1.0))
    _expect(len(edited) > 100 and edited != _FACE.read_bytes(), "no edited picture, expected one")


@_probes("tts")
async def _tts(client: AsyncClient) -> None:
    """A greeting is a second or so of sound, with its words."""
    pieces = [piece async for piece in client.speak("你好, hello.")]
    words = [word.text for piece in pieces for word in piece.words]
    loudest = max((int(np.abs(piece.samples).max(initial=0)) for piece in pieces), default=0)
    _expect(words == ["你好", "hello"], f"words {words} for a greeting, expected 你好 and hello")
    _expect(0.5 < pieces[-1].end < 10 and loudest > 1000, "no sound of a second or so, expected some")


@_probes("sentiment")
async def _sentiment(client: AsyncClient) -> None:
    """Praise is positive, in both languages, and blame negative."""
    lines = ("太好看了，我很喜欢", "I love it, this is great", "质量太差了，很失望")
    told = [each.top for each in await client.sentiment(lines)]
    _expect(told == ["positive", "positive", "negative"], f"{told} for praise, praise and blame")


@_probes("moderation")
async def _moderation(client: AsyncClient) -> None:
    """An insult is one, a greeting is none."""
    insult, greeting = await client.moderate(["你这个傻逼", "hello everyone"])
    _expect(_finite(*insult.scores.values()), "scores that are not finite")
    _expect(
        insult.toxicity > greeting.toxicity,
        f"toxicity {insult.toxicity:.2f} of an insult and {greeting.toxicity:.2f} of a greeting",
    )


@_probes("voice_mood")
async def _voice_mood(client: AsyncClient) -> None:
    """Somebody speaks in a second of speech."""
    mood = await client.voice_mood(*_speech(), text="hello")
    _expect(
        mood.is_known and _finite(mood.arousal, mood.valence), f"{mood} for a second of speech, expected one"
    )


@_probes("outcomes")
async def _outcomes(client: AsyncClient) -> None:
    """Nothing is reported, and taken."""
    answer = await client.infer("outcomes", {"outcomes": np.empty((1, 0), np.object_)})
    _expect(answer["counted"].size == 0, f"{answer} for nothing, expected nothing")


def _speech() -> tuple[npt.NDArray[np.int16], int]:
    """Samples, and their rate."""
    with wave.open(str(_SPEECH)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate()


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _finite(*values: float | None) -> bool:
    return all(value is None or math.isfinite(value) for value in values)


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise InferenceFailed(f"answers nonsense: {what}")


CLIENT_MODELS = tuple(_PROBES)
"""What this client calls, the public models; other models are parts of these."""


async def check(client: AsyncClient, names: Collection[str] = ()) -> Health:
    """Probe, at the same time, every model that the server was asked to serve and the client calls.

    Args:
        client: is asked.
        names: of models that have to be there; by default all that the server was asked to serve.

    Raises:
        InvalidInput: there is no probe for a name.
        ServerUnavailable, DeadlineExceeded: the server did not even list its models.
    """
    listed = {model.name: model for model in await client.models()}
    if unknown := [name for name in names if name not in _PROBES]:
        raise InvalidInput(f"{', '.join(unknown)} can't be probed: expected some of {', '.join(_PROBES)}")
    served = [name for name in _PROBES if name in listed and listed[name].state]  # "": never asked for
    absent = Model("", "", "", "the server does not know it")
    probes = [
        _probe(client, replace(listed.get(name, absent), name=name), _PROBES[name])
        for name in names or served
    ]
    return Health(client.url, tuple(await asyncio.gather(*probes)))


async def _probe(client: AsyncClient, model: Model, probe: _Probe) -> ModelHealth:
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
