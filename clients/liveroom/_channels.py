"""The gRPC channels to one server or gateway."""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import dataclass, field
from weakref import WeakSet

import grpc
from tritonclient.grpc import service_pb2_grpc

from . import _fork
from ._auth import Token, credentials
from ._errors import InvalidInput
from ._protocol import request_metadata, room_metadata
from ._proxy import channel_options
from ._url import Address

STREAMS = 100
"""Rooms on one connection. Past the server's limit on streams (HTTP/2's SETTINGS_MAX_CONCURRENT_STREAMS, of
which 100 is the least that its RFC 9113 recommends) gRPC lets new ones wait without a word."""

_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),  # gRPC's own 1 s would outlast every retry
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),  # a host that is silently gone is noticed; servers allow every 10 s
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.use_local_subchannel_pool", 1),  # else channels to one server share a single connection
)


def new_request_id() -> str:
    """Of one call, as gateways write them: a random UUID."""
    return str(uuid.uuid4())


@dataclass(eq=False)
class _Connection:
    """A channel and the rooms on it. gRPC closes a channel that nobody refers to any more."""

    channel: grpc.aio.Channel
    stub: service_pb2_grpc.GRPCInferenceServiceStub = field(init=False)
    streams: set[grpc.aio.StreamStreamCall] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)


class Channels:
    """Channels, opened when they are first needed and bound to the event loop of that call.

    Args:
        url: "host:port", "grpc://host:port", or "grpcs://host:port" for TLS.
        token: see `AsyncClient`, like `ca`.

    Raises:
        InvalidInput: the url is none; a token or certificates without TLS, or that cannot be read.
        ClientForked: see there.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        _fork.check()
        address = Address.parsed(url)
        self.url = url.strip()
        self._target = address.target
        self._options = (*_OPTIONS, *channel_options(address))
        secure = address.secure
        for what, given in (("a token", token), ("ca", ca)):
            if given is not None and not secure:
                raise InvalidInput(
                    f"{what} was given for {url}, which is not encrypted: use grpcs://{self._target}"
                )
        self.secure = secure
        self._credentials = credentials(token, ca) if secure else None
        self._connections: list[_Connection] = []
        self._left: WeakSet[_Connection] = WeakSet()

    def stream(self, room_id: str, attempt: int, request_id: str) -> grpc.aio.StreamStreamCall:
        """A `ModelStreamInfer` call for a room, on a connection that has a place for it.

        Args:
            room_id: checked.
            attempt: another one may reach another server behind a gateway.
            request_id: a new one, see `new_request_id`.
        """
        _fork.check()
        free = (connection for connection in self._connections if len(connection.streams) < STREAMS)
        connection = next(free, None) or self._connect()
        metadata = (*room_metadata(room_id, attempt), *request_metadata(request_id))
        call = connection.stub.ModelStreamInfer(metadata=metadata)
        connection.streams.add(call)
        call.add_done_callback(lambda _: connection.streams.discard(call))  # and until then it is not closed
        return call

    def leave(self, call: grpc.aio.StreamStreamCall) -> None:
        """Begin nothing more on the connection of `call`: its silence may be that of the way to the server.

        gRPC itself would hold on to it until its pings tell, which takes up to 30 s.
        """
        for connection in [open_ for open_ in self._connections if call in open_.streams]:
            self._connections.remove(connection)
            self._left.add(connection)

    async def close(self) -> None:
        """Close the channels and cancel what is under way on them."""
        connections, self._connections = [*self._connections, *self._left], []
        await asyncio.gather(*(connection.channel.close() for connection in connections))
        if not self._connections:
            _fork.closed(self)

    def any(self) -> _Connection:
        """For a unary call, during which it has to be held."""
        _fork.check()
        return self._connections[0] if self._connections else self._connect()

    def _connect(self) -> _Connection:
        _fork.opened(self, asyncio.get_running_loop())
        channel = (
            grpc.aio.secure_channel(self._target, self._credentials, self._options)
            if self._credentials
            else grpc.aio.insecure_channel(self._target, self._options)
        )
        self._connections.append(_Connection(channel))
        return self._connections[-1]
