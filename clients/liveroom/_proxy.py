"""Proxies out of the environment: which one gRPC goes through to an address, and that none is on loopback."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from ._url import Address

_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")  # in gRPC's order; it knows the lower case only
_EXCEPTIONS = ("no_grpc_proxy", "no_proxy")


def channel_options(address: Address) -> tuple[tuple[str, int], ...]:
    """What a channel to `address` is opened with: a proxy could not reach this machine's own loopback."""
    return (("grpc.enable_http_proxy", 0),) if address.loopback else ()


def proxy_to(address: Address) -> str | None:
    """The variable and the proxy that gRPC goes through to `address`, without its password, None for none."""
    name = next((name for name in _PROXIES if os.environ.get(name)), None)
    if name is None or address.loopback:
        return None
    exceptions = next((os.environ[name] for name in _EXCEPTIONS if os.environ.get(name)), "")
    if any(_is_within(address.host, name.strip()) for name in exceptions.split(",") if name.strip()):
        return None
    value = os.environ[name]
    place = (urlsplit(value).netloc or value).rpartition("@")[2]
    return f"{name} ({place})"


def _is_within(host: str, exception: str) -> bool:
    """Whether `exception`, a domain's end or a network, is about `host`."""
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(exception, strict=False)
    except ValueError:
        return exception == "*" or host.lower().endswith(exception.lower())
