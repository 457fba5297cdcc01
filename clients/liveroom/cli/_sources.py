"""Live audio: raw samples from stdin, or a microphone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncGenerator

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInput

_CONTAINERS = (b"RIFF", b"fLaC", b"OggS", b"ID3")


async def stdin_chunks(sample_rate: int, chunk_s: float) -> AsyncGenerator[NDArray[np.int16], None]:
    """Little-endian 16-bit mono samples from stdin, in chunks; the last one may be shorter.

    Raises:
        InvalidInput: it is a sound file, not raw samples.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    places = threading.Semaphore(4)  # what is read ahead is bounded, so a fast writer waits

    def pump() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended while stdin had not
            while True:
                places.acquire()
                data = os.read(sys.stdin.fileno(), 65536)
                loop.call_soon_threadsafe(queue.put_nowait, data)
                if not data:
                    return

    threading.Thread(target=pump, name="liveroom stdin", daemon=True).start()
    size = 2 * max(1, round(sample_rate * chunk_s))
    buffer = bytearray()
    first = True
    while data := await queue.get():
        places.release()
        if first and data.startswith(_CONTAINERS):
            raise InvalidInput(
                "stdin is a sound file: expected raw samples, as of ffmpeg -i FILE -f s16le -ac 1 -ar 16000 -"
            )
        first = False
        buffer += data
        while len(buffer) >= size:
            yield np.frombuffer(bytes(buffer[:size]), "<i2")
            del buffer[:size]
    if len(buffer) >= 2:
        yield np.frombuffer(bytes(buffer[: len(buffer) // 2 * 2]), "<i2")


async def microphone_chunks(sample_rate: int, chunk_s: float) -> AsyncGenerator[NDArray[np.int16], None]:
    """The default microphone, until interrupted.

    Raises:
        InvalidInput: the extra is not installed, or there is no microphone that does this sample rate.
    """
    try:
        import sounddevice  # noqa: PLC0415 - an optional extra, which loads PortAudio when imported
    except (ImportError, OSError) as error:
        raise InvalidInput(
            f"no microphone support: install 'liveroom[microphone]' and PortAudio (libportaudio2): {error}"
        ) from error
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    def heard(data: bytes, frames: int, time: object, status: object) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, bytes(data))

    try:
        stream = sounddevice.RawInputStream(
            samplerate=sample_rate,
            blocksize=round(sample_rate * chunk_s),
            channels=1,
            dtype="int16",
            callback=heard,
        )
    except sounddevice.PortAudioError as error:
        raise InvalidInput(f"the microphone can't be used at {sample_rate} Hz: {error}") from error
    with stream:
        while True:
            yield np.frombuffer(await queue.get(), np.int16)
