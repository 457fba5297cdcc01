"""A closed loop over raw HTTP sockets: as cheap as a client gets, so that the service is what is measured."""

import contextlib
import selectors
import socket
import time
from collections.abc import Sequence

from perf.load.closed_loop import Answers, answers

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_BUFFER = 1 << 16
_CHECK_S = 0.25
"""How often time limits are looked at; no more often, as it walks through all connections."""


def request(path: str, body: bytes, content_type: str = "application/octet-stream") -> bytes:
    """A POST of `body`, as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def measure(
    ports: Sequence[int],
    message: bytes,
    concurrency: int,
    *,
    seconds: float,
    answer_bytes: int | None = None,
    limit_s: float = 30.0,
) -> Answers:
    """Sends `message` over `concurrency` kept-alive connections to loopback, each when it has its answer.

    Goes on after `seconds` until there are as many answers as callers, for `limit_s` at most. What is under
    way then is not counted, but waited for, `limit_s` at most, so that the service is idle again.

    Args:
        message: see `request`.
        concurrency: connections.
        seconds: of load.
        ports: of one service; connections are dealt out to them in turn.
        answer_bytes: the length that the body of a right answer has, None where it varies.
        limit_s: for a request; one without an answer by then is an error, as is an answer that is not 200
            or has another length, and a connection that fails: a new one is made.

    Raises:
        OSError: the service can't be connected to at the start.
    """
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        calls = [
            _Call(selector, ports[n % len(ports)], message, answer_bytes, limit_s) for n in range(concurrency)
        ]
        for call in calls:
            stack.callback(call.close)
        cpu, began = time.process_time(), time.perf_counter()
        for call in calls:
            call.begin()
        check = began + _CHECK_S
        while (now := time.perf_counter()) - began < seconds or (
            sum(call.done for call in calls) < concurrency and now - began < seconds + limit_s
        ):
            if now >= check:
                check = now + _CHECK_S
                for call in calls:
                    call.watch(now)
            for key, events in selector.select(_CHECK_S):
                key.data.proceed(events)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        latencies = [latency for call in calls for latency in call.latencies]
        errors = [error for call in calls for error in call.errors]
        for call in calls:
            call.last = True
        while any(call.waits for call in calls) and time.perf_counter() - began < elapsed + limit_s:
            for key, events in selector.select(_CHECK_S):
                key.data.proceed(events)
    return answers(concurrency, latencies, elapsed, cpu, errors)


class _Call:
    """One connection and the request on it; nothing here blocks.

    Attributes:
        last: it is not followed by another.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        port: int,
        message: bytes,
        answer_bytes: int | None,
        limit_s: float,
    ) -> None:
        self._selector = selector
        self._port = port
        self._message = memoryview(message)
        self._answer_bytes = answer_bytes
        self._limit_s = limit_s
        self.last = False
        self.waits = False
        self._buffer = bytearray(_BUFFER)
        self.latencies: list[float] = []
        self.errors: list[str] = []
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=self._limit_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._writes = False

    @property
    def done(self) -> int:
        """Requests that have ended, well or not."""
        return len(self.latencies) + len(self.errors)

    def begin(self) -> None:
        """Sends the request, or as much of it as the connection takes now."""
        self.waits = True
        self._sent = self._received = self._expected = 0
        self._began = time.perf_counter()
        self._send()

    def proceed(self, events: int) -> None:
        """Takes what has come, and begins again when that was all."""
        try:
            if events & selectors.EVENT_WRITE:
                self._send()
            if events & selectors.EVENT_READ and self._receive():
                self._judge()
                self.waits = False
                if not self.last:
                    self.begin()
        except OSError as error:
            self._fail(f"the connection failed: {error}")

    def watch(self, now: float) -> None:
        """Gives up a request that has taken too long, and tries again where there is no connection."""
        if self._socket.fileno() < 0:
            self._fail("the service can't be connected to")
        elif now - self._began > self._limit_s:
            self._fail(f"no answer in {self._limit_s:g} s")

    def close(self) -> None:
        """Ends the connection."""
        if self._socket.fileno() >= 0:
            self._selector.unregister(self._socket)
            self._socket.close()

    def _send(self) -> None:
        while self._sent < len(self._message):
            try:
                self._sent += self._socket.send(self._message[self._sent :])
            except BlockingIOError:
                break
        writes = self._sent < len(self._message)
        if writes != self._writes:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writes else 0)
            self._selector.modify(self._socket, events, self)
            self._writes = writes

    def _receive(self) -> bool:
        """Whether the answer is complete; sizes the buffer when its head is there."""
        count = self._socket.recv_into(memoryview(self._buffer)[self._received :])
        if not count:
            raise ConnectionError("it ended before the answer was complete")
        self._received += count
        if not self._expected:
            end = self._buffer.find(_HEAD_END, 0, self._received)
            if end < 0:
                return False
            self._head = bytes(self._buffer[:end]).lower()
            _, found, length = self._head.partition(b"content-length:")
            self._expected = end + len(_HEAD_END) + int(length.split(b"\r\n")[0]) if found else -1
        if self._received == len(self._buffer) or self._expected > len(self._buffer):
            self._buffer.extend(bytes(max(self._expected - len(self._buffer), len(self._buffer))))
        if self._expected > 0:
            return self._received >= self._expected
        return self._buffer.endswith(_LAST_CHUNK, 0, self._received)

    def _judge(self) -> None:
        """Counts a complete answer."""
        body = self._expected - len(self._head) - len(_HEAD_END)
        if not self._head.startswith(b"http/1.1 200"):
            self.errors.append(bytes(self._buffer[: min(self._received, 300)]).decode(errors="replace"))
        elif self._answer_bytes not in (None, body):
            self.errors.append(f"an answer has {body} bytes instead of {self._answer_bytes}")
        else:
            self.latencies.append(time.perf_counter() - self._began)

    def _fail(self, error: str) -> None:
        self.errors.append(error)
        self.close()
        self.waits = False
        if self.last:
            return
        with contextlib.suppress(OSError):
            self._connect()
            self.begin()
