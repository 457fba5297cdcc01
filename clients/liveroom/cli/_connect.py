"""The client that the options of a command ask for."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from .._client import AsyncClient
from .._config import DEFAULT_URL


def add_server(common: argparse.ArgumentParser) -> None:
    """The options that say where the server is. A token is never one: others can read a command line."""
    common.add_argument(
        "--url",
        default=os.environ.get("LIVEROOM_URL") or DEFAULT_URL,
        help="host:port of the server's gRPC, grpcs://host:port with TLS"
        f" (default: $LIVEROOM_URL, or {DEFAULT_URL})",
    )
    common.add_argument(
        "--token-file",
        metavar="FILE",
        default=os.environ.get("LIVEROOM_TOKEN_FILE") or None,
        help="has the token for a gateway (default: $LIVEROOM_TOKEN_FILE, or the token in $LIVEROOM_TOKEN)",
    )
    common.add_argument(
        "--ca",
        metavar="FILE",
        default=os.environ.get("LIVEROOM_CA") or None,
        help="PEM file that vouches for the server (default: $LIVEROOM_CA, or the public authorities)",
    )


def connect(arguments: argparse.Namespace) -> AsyncClient:
    """A client of that server.

    Raises:
        InvalidInput: see `AsyncClient`.
    """
    token = Path(arguments.token_file) if arguments.token_file else os.environ.get("LIVEROOM_TOKEN") or None
    return AsyncClient(arguments.url, token=token, ca=arguments.ca)
