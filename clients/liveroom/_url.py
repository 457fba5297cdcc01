"""Where a server is: a url taken apart, and what is wrong with one."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ._errors import InvalidInput

EXPECTED = "expected host:port of Triton's gRPC, such as 127.0.0.1:8001, or grpcs://host:port with TLS"

_URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<rest>[^/]*)/?")
_PLACE = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>[^:]*))?")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address.

    Attributes:
        host: a name in ASCII, or an IPv4 or IPv6 address without brackets.
        port: 1 to 65535.
        secure: whether TLS is spoken there.
    """

    host: str
    port: int
    secure: bool

    @classmethod
    def parsed(cls, url: str) -> Address:
        """The address in "host:port", "grpc://host:port" or "grpcs://host:port".

        Raises:
            InvalidInput: it is none; the message says what is wrong with it.
        """
        if not isinstance(url, str):
            raise InvalidInput(f"url is {url!r}: expected text, such as '127.0.0.1:8001'")
        match = _URL.fullmatch(url.strip())
        scheme = (match["scheme"] or "grpc").lower() if match else ""
        if match and scheme in ("http", "https"):
            such = f"{'grpcs://' if scheme == 'https' else ''}{match['rest'] or 'host:port'}"
            raise InvalidInput(
                f"url is {url!r}: expected gRPC and no {scheme}, such as {such}"
                " (Triton's gRPC has a port of its own, 8001 by default)"
            )
        if match is None or scheme not in ("grpc", "grpcs"):
            raise InvalidInput(f"url is {url!r}: {EXPECTED}")
        place = _PLACE.fullmatch(match["rest"])
        if place is None:
            raise InvalidInput(f"url is {url!r}: {EXPECTED}; an IPv6 address stands in brackets: [::1]:8001")
        port = place["port"] or ""
        if not (port.isascii() and port.isdecimal() and len(port) < 10 and 1 <= int(port) <= 65535):
            what = f"port {port!r}" if port else "no port"
            raise InvalidInput(f"url is {url!r}, with {what}: expected a port from 1 to 65535; {EXPECTED}")
        return cls(_host(url, place["host"]), int(port), scheme == "grpcs")

    @property
    def target(self) -> str:
        """As gRPC takes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine's own, which no proxy can reach and nobody else serves.

        Also in IPv6's writing of IPv4, as 0.0.0.0, which Linux takes for this machine, and as a name below
        localhost (RFC 6761).
        """
        name = self.host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            given = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        address = getattr(given, "ipv4_mapped", None) or given
        return bool(address.is_loopback or address.is_unspecified)


def _host(url: str, host: str) -> str:
    """`host` without brackets, a name beyond ASCII as DNS knows it."""
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise InvalidInput(f"url is {url!r}: {host[1:-1]!r} is no IPv6 address") from None
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not name or not all(_NAME.fullmatch(part) for part in name.removesuffix(".").split(".")):
        raise InvalidInput(f"url is {url!r}, with host {host!r}: {EXPECTED}")
    if re.fullmatch(r"[\d.]+", name):  # or else a resolver would be asked for it
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            raise InvalidInput(f"url is {url!r}: {name!r} is no IPv4 address") from None
    return name
