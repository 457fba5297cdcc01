"""What talks with servers on this machine goes through no proxy, whatever the environment says."""

import os
import urllib.request
from http.client import HTTPResponse
from typing import cast

_OURS = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")
_NAMES = ("no_proxy", "NO_PROXY")
_GRPC = "no_grpc_proxy"
DIRECT = (("grpc.enable_http_proxy", 0),)
"""Options of gRPC channels to servers of ours, also where they are not bound to loopback."""

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def opened(url: str, timeout_s: float) -> HTTPResponse:
    """The answer of a server of ours at an http url, through no proxy. Raises as `urllib.request.urlopen`."""
    return cast(HTTPResponse, _opener.open(url, timeout=timeout_s))


def spare() -> None:
    """Excepts loopback from the proxies of this process and of those that it starts.

    urllib and gRPC read the lower case, Go's programs (Prometheus) the upper case first. Of networks gRPC and
    Go know more than urllib, which needs the address. gRPC prefers its own variable where there is one.
    """
    said = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for name in _NAMES:
        os.environ[name] = _with_ours(said)
    if own := os.environ.get(_GRPC):
        os.environ[_GRPC] = _with_ours(own)


def _with_ours(said: str) -> str:
    named = [part.strip() for part in said.split(",") if part.strip()]
    return ",".join([*named, *(host for host in _OURS if host not in named)])
