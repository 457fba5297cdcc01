"""Calls of the store that end in time, whatever became of it."""

import os
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

VARIABLE = "LIVEROOM_STORE"
"""Environment variable with its address, such as redis://:password@host:6379/0."""
SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
"""What an address may begin with, and what the client knows it by; those that end in s are over TLS."""
PATIENCE_S = 0.25
"""For an answer, and for a connection."""
REST_S = 0.5
"""After a failure nobody asks for so long: a store that hangs does not hang every request in turn."""
CONNECTIONS = 32

T = TypeVar("T")


class StoreError(RuntimeError):
    """The store did not answer in time, or can't do it; whether a change was made is not known."""


class Store:
    """One store, for any number of threads.

    Args:
        address: see :data:`SCHEMES`.

    Raises:
        ValueError: that is none.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = client(address, PATIENCE_S)
        self._rests_until = 0.0
        self._lock = Lock()
        self._why = ""

    def ask(self, call: Callable[[redis.Redis], T]) -> T:
        """What `call` makes of the client; `PATIENCE_S` for each command in it.

        Raises:
            StoreError: it does not answer, is full, or has failed less than `REST_S` ago.
        """
        if time.monotonic() < self._rests_until:
            raise StoreError(self._why)
        try:
            return call(self._client)
        except redis.RedisError as error:
            why = f"the store {named(self.address)} failed: {error}"
            if isinstance(error, redis.ConnectionError | redis.TimeoutError):
                with self._lock:
                    self._rests_until, self._why = time.monotonic() + REST_S, why
            raise StoreError(why) from error

    def script(self, lua: str) -> Callable[[list[str], list[str | bytes | int | float]], object]:
        """A script that runs whole or not at all; it is called with keys and arguments as `ask` calls."""
        registered = self._client.register_script(lua)
        return lambda keys, arguments: self.ask(lambda _: registered(keys, arguments))

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def connect() -> Store:
    """The store that :data:`VARIABLE` names; `python -m server` sets it where nobody else has.

    Raises:
        ValueError: it names none.
    """
    address = os.environ.get(VARIABLE, "")
    if not address:
        raise ValueError(
            f"{VARIABLE} is not set: give it the address of a Valkey or Redis, such as redis://127.0.0.1:6379"
        )
    return Store(address)


def client(address: str, patience_s: float) -> redis.Redis:
    """A client that fails rather than waits longer than `patience_s` seconds, or tries again by itself.

    Raises:
        ValueError: `address` is none.
    """
    scheme, _, rest = address.partition("://")
    if scheme not in SCHEMES or not rest:
        raise ValueError(
            f"{VARIABLE} is {named(address)!r}: expected an address that begins with "
            f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    pool = redis.BlockingConnectionPool.from_url(
        f"{SCHEMES[scheme]}://{rest}",
        max_connections=CONNECTIONS,
        timeout=patience_s,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    return redis.Redis(connection_pool=pool)


def named(address: str) -> str:
    """An address as it may be shown: without who asks, and the password."""
    scheme, _, rest = address.rpartition("@")
    return f"{scheme.partition('://')[0]}://{rest}" if scheme else address
