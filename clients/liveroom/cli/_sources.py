"""What comes live: blocks of bytes of stdin, raw samples out of them, or a microphone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._errors import InvalidInput

_FIRST_BYTES = {
    b"RIFF": "WAV",
    b"RF64": "WAV",
    b"riff": "W64",
    b"fLaC": "FLAC",
    b"OggS": "OGG",
    b"ID3": "MP3",
    b"FORM": "AIFF",
    b".snd": "AU",
    b"caff": "CAF",
    b"\x1a\x45\xdf\xa3": "WebM or Matroska",
    b"FLV\x01": "FLV",
}
_ENOUGH = 4096
"""Bytes by which a sound file is known, two frames of MP3 or AAC included."""


async def stdin_chunks(sample_rate: int, chunk_s: float) -> AsyncGenerator[NDArray[np.int16], None]:
    """Little-endian 16-bit mono samples from stdin, in chunks; the last one may be shorter.

    Raises:
        InvalidInput: it is a sound file rather than raw samples, a terminal, closed, empty, or can't be read.
    """
    size = 2 * max(1, round(sample_rate * chunk_s))
    buffer = bytearray()
    known = False
    async for data in blocks(stdin("raw 16-bit mono samples"), "stdin"):
        buffer += data
        if not known and len(buffer) >= _ENOUGH:
            _refuse_files(buffer)
            known = True
        while known and len(buffer) >= size:
            yield np.frombuffer(bytes(buffer[:size]), "<i2")
            del buffer[:size]
    if not known:
        _refuse_files(buffer)
        if len(buffer) < 2:
            raise InvalidInput(f"stdin ended after {len(buffer)} bytes: expected raw 16-bit mono samples")
    for at in range(0, len(buffer) - 1, size):
        piece = bytes(buffer[at : at + size])
        yield np.frombuffer(piece[: len(piece) // 2 * 2], "<i2")


async def blocks(descriptor: int, name: str) -> AsyncGenerator[bytes, None]:
    """What comes out of a file, a pipe or a socket, as it comes.

    Raises:
        InvalidInput: it can't be read; the message has its `name`.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    places = threading.Semaphore(4)  # what is read ahead is bounded, so a fast writer waits

    def pump() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended while the other side had not
            while True:
                places.acquire()
                data = _read(descriptor)
                loop.call_soon_threadsafe(queue.put_nowait, data)
                if not data or isinstance(data, OSError):
                    return

    threading.Thread(target=pump, name=f"liveroom {name}", daemon=True).start()
    while data := await queue.get():
        if isinstance(data, OSError):
            raise InvalidInput(f"{name} can't be read: {data.strerror}") from data
        places.release()
        yield data


async def stdin_text(wanted: str) -> str:
    """All of it. Raises InvalidInput, which says what is `wanted`, where it is no text."""
    data = b"".join([block async for block in blocks(stdin(wanted), "stdin")])
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"stdin, byte {error.start + 1} is no UTF-8: expected {wanted}") from error


def existing(path: str) -> Path:
    """`path`. Raises InvalidInput where nothing is there, or a folder."""
    found = Path(path)
    if not found.exists() or found.is_dir():
        raise InvalidInput(f"{path} is not a file")
    return found


def stdin(wanted: str) -> int:
    """Its descriptor. Raises InvalidInput, which says what is `wanted`, where nothing can come from it."""
    if sys.stdin is None:  # `<&-`
        raise InvalidInput(f"stdin is closed: expected {wanted} from a pipe or a file")
    if sys.stdin.isatty():
        raise InvalidInput(f"stdin is a terminal: expected {wanted} from a pipe or a file")
    return sys.stdin.fileno()


def _read(descriptor: int) -> bytes | OSError:
    """What there is, waiting for it where the other side has made the pipe non-blocking."""
    while True:
        try:
            return os.read(descriptor, 65536)
        except BlockingIOError:
            select.select([descriptor], [], [])
        except OSError as error:
            return error


def _refuse_files(start: bytes | bytearray) -> None:
    """Raises InvalidInput where a stream begins as a sound file does."""
    kind = next((kind for first, kind in _FIRST_BYTES.items() if start.startswith(first)), None)
    if start[4:8] == b"ftyp":
        kind = "MP4"
    elif kind is None and _frames(bytes(start)):
        kind = "MP3 or AAC"
    elif kind is None and start[:1] == start[188:189] == start[376:377] == b"G":
        kind = "MPEG-TS"
    if kind:
        raise InvalidInput(
            f"stdin is a sound file ({kind}): expected raw samples, as of"
            " ffmpeg -i FILE -f s16le -ac 1 -ar 16000 -; or give the file's name"
        )


def _frames(start: bytes) -> bool:
    """Whether two frames of MP3 (ISO 11172-3) or ADTS AAC (ISO 13818-7) follow; noise may look like one."""
    first = _frame(start)
    return bool(first) and bool(_frame(start[first:]))


def _frame(start: bytes) -> int:
    """The length in bytes of the frame that begins there, 0 where none does."""
    if len(start) < 6 or start[0] != 0xFF or start[1] & 0xE0 != 0xE0:
        return 0
    if start[1] & 0xF6 == 0xF0:
        return (start[3] & 3) << 11 | start[4] << 3 | start[5] >> 5
    version, layer = start[1] >> 3 & 3, start[1] >> 1 & 3
    bitrate, rate = start[2] >> 4, start[2] >> 2 & 3
    if layer != 1 or version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    hertz = (44_100, 48_000, 32_000)[rate] // {3: 1, 2: 2, 0: 4}[version]
    kilobits = _MPEG1_III[bitrate] if version == 3 else _MPEG2_III[bitrate]
    return (144 if version == 3 else 72) * 1000 * kilobits // hertz + (start[2] >> 1 & 1)


_MPEG1_III = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_III = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits a second of layer III by the index in a frame's header."""


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
