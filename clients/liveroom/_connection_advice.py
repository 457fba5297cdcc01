"""Why nobody is reached at a url, in words that say what to do; no behavior depends on them."""

from __future__ import annotations

import re

from ._proxy import proxy_to
from ._url import Address

_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"WRONG_VERSION_NUMBER"),
        "what answers at {url} does not speak TLS, leave out grpcs:// or give the port that does",
    ),
    (
        re.compile(r"certificate|BAD_SIGNATURE|Hostname Verification|Peer name", re.IGNORECASE),
        "what answers at {url} cannot prove who it is, give the certificate of its authority as ca, and its"
        " name as in its certificate",
    ),
    (
        re.compile(r"parsing HTTP/2|http1"),
        "what answers at {url} does not speak gRPC, give the port of Triton's gRPC, by default 8001",
    ),
    (
        re.compile(r"failed to connect to all addresses.*(Socket closed|Connection reset|GOAWAY)", re.DOTALL),
        "what answers at {url} hangs up at once, give the port of Triton's gRPC, with grpcs:// if it has TLS",
    ),
    (
        re.compile(r"errors resolving|DNS resolution|name resolution", re.IGNORECASE),
        "{host} has no address here, check the name in {url}",
    ),
    (
        re.compile(r"no healthy upstream|upstream connect error|reset reason"),
        "the gateway at {url} reaches no server now, try again later",
    ),
    (re.compile(r"Internal error from Core"), "the connection to {url} broke, try again later"),
    (
        re.compile(r"stopping|exiting|shutting down|not ready|Cancelling all calls", re.IGNORECASE),
        "the server at {url} is going away, try again later",
    ),
)
"""What may be wrong with a connection, by gRPC's own sentence, as it gives nothing else; the first counts."""


def unreached(url: str, message: str = "") -> str:
    """Why nobody is reached at `url`, and what to do, by what gRPC says of it."""
    address = Address.parsed(url)
    proxy = proxy_to(address)
    through = f", through the proxy of {proxy}; name the host in no_proxy to do without it" if proxy else ""
    for pattern, meaning in _HINTS:
        if pattern.search(message):
            return meaning.format(url=url, host=address.host) + through
    what = f"no server answers at {url}"
    if not address.loopback:
        return f"{what}: check the url, that the server or gateway there is up, and the way to it{through}"
    start = "python -m cluster up" if address.secure else "python -m server"
    return f"{what}: start one with `{start}` in the project's folder, or give the right url"
