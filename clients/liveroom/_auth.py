"""Who we are to a server, and how we know who it is: tokens and certificates."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TypeAlias

import grpc

from ._errors import InvalidInput

log = logging.getLogger(__name__)

Token: TypeAlias = str | os.PathLike[str]
"""A bearer token as it is, or the path of a file that has it and may be replaced at any time."""


class Bearer(grpc.AuthMetadataPlugin):  # type: ignore[misc]  # grpc has no types
    """Puts `authorization: Bearer TOKEN` on every call. gRPC itself never does so without TLS.

    A file is read again when it has changed. While it cannot be read the last token is used, so that it may
    be replaced in any manner; the server says when that one is too old.

    Args:
        token: see `Token`.

    Raises:
        InvalidInput: it is no token, or the file has none now.
    """

    def __init__(self, token: Token) -> None:
        self._file = None if isinstance(token, str) else Path(token)
        self._stamp: tuple[int, int, int] | None = None
        self._token = ""
        self._warned = False
        if isinstance(token, str):
            self._token = _checked(token, "the token")
        else:
            self._read()

    def __call__(self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        """Give gRPC the header for one call."""
        try:
            self._read()
        except InvalidInput as error:  # the last one may still do
            if not self._warned:
                log.warning("%s: the token from before is used", error)
            self._warned = True
        callback((("authorization", f"Bearer {self._token}"),), None)

    def _read(self) -> None:
        if self._file is None:
            return
        try:
            state = self._file.stat()
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            if stamp != self._stamp:
                self._token = _checked(self._file.read_text("ascii"), f"the token in {self._file}")
                self._stamp = stamp
            self._warned = False
        except (OSError, UnicodeError) as error:
            raise InvalidInput(f"no token can be read from {self._file}: {error}") from error


def credentials(token: Token | None, ca: str | os.PathLike[str] | None) -> grpc.ChannelCredentials:
    """TLS, with the token on every call if there is one.

    Args:
        token: see `Bearer`.
        ca: PEM file with the certificates that the server's is to be checked against; by default gRPC's own
            list of public ones.

    Raises:
        InvalidInput: one of them cannot be read, or is no such thing.
    """
    roots: bytes | None = None
    if ca is not None:
        try:
            roots = Path(ca).read_bytes()
        except OSError as error:
            raise InvalidInput(f"no certificates can be read from {ca}: {error}") from error
        if b"-----BEGIN CERTIFICATE-----" not in roots:
            raise InvalidInput(f"{ca} has no certificate: expected a PEM file")
    channel = grpc.ssl_channel_credentials(roots)
    if token is None:
        return channel
    return grpc.composite_channel_credentials(channel, grpc.metadata_call_credentials(Bearer(token)))


def _checked(token: str, what: str) -> str:
    """`token` without the line's end; what could not stand in a header is refused, and not repeated."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token or "/" in token:
        raise InvalidInput(
            f"{what} is none: expected one word without spaces and slashes, such as a JWT;"
            " give the name of a file as a pathlib.Path"
        )
    return token
