"""An HTTP/2 client that behaves badly on purpose (RFC 9113), which no library would."""

import asyncio
import ssl
import struct
from types import TracebackType
from typing import Self

from cluster.machine import LOOPBACK
from tests.cluster.gateway.calling import Front

_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _GOAWAY = 0, 1, 3, 4, 7
_END_HEADERS = 4
_DRIP_S = 0.1


class Raw:
    """A connection with one call, 1, on it."""

    def __init__(self, front: Front, token: str) -> None:
        self._front = front
        self._token = token

    async def __aenter__(self) -> Self:
        trust = ssl.create_default_context(cafile=str(self._front.credentials.ca))
        trust.set_alpn_protocols(["h2"])
        self._reader, self._writer = await asyncio.open_connection(
            LOOPBACK, self._front.gateway.port, ssl=trust
        )
        self._writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(_SETTINGS, 0, b"", stream=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def begin(self, path: str, *, whole: bool = True) -> None:
        """Sends the headers of a call, or all but their end."""
        headers = {
            ":method": "POST",
            ":scheme": "https",
            ":authority": "localhost",
            ":path": path,
            "content-type": "application/grpc",
            "te": "trailers",
            "authorization": f"Bearer {self._token}",
        }
        block = b"".join(b"\0" + _text(name) + _text(value) for name, value in headers.items())
        self._writer.write(_frame(_HEADERS, _END_HEADERS if whole else 0, block))

    async def reset(self, drip: bytes = b"") -> None:
        """Until the other side ends the call, with an answer or without; sends `drip` ten times a second."""
        ended = asyncio.create_task(self._ended())
        while not (await asyncio.wait([ended], timeout=_DRIP_S))[0]:
            if drip:
                self._writer.write(_frame(_DATA, 0, drip))
        await ended

    async def _ended(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(9)
                kind = head[3]
                await self._reader.readexactly(int.from_bytes(head[:3]))
                if kind in (_HEADERS, _RST_STREAM, _GOAWAY):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return


def _frame(kind: int, flags: int, payload: bytes, stream: int = 1) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _text(value: str) -> bytes:
    """A string of HPACK, not Huffman-coded (RFC 7541, 5.1 and 5.2)."""
    raw = value.encode()
    length = bytearray([min(len(raw), 127)])
    rest = len(raw) - 127
    while rest >= 0:
        length.append(rest & 127 | (128 if rest > 127 else 0))
        rest = (rest >> 7) if rest > 127 else -1
    return bytes(length) + raw
