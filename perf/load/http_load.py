"""A closed loop over raw HTTP sockets: as cheap as a client gets, so that the service is what is measured."""

import selectors
import socket
import time

import numpy as np

from perf.load.analyzer import Load


def measure(port: int, path: str, body: bytes, concurrency: int, *, seconds: float = 4.5) -> Load:
    """Posts `body` over `concurrency` kept-alive connections, each waiting for its answer before the next.

    Raises RuntimeError when an answer is not 200 or a connection ends.
    """
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    selector = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    for _ in range(concurrency):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, bytearray())
        sent[connection] = time.perf_counter()
        connection.sendall(request)
    latencies: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(timeout=5):
            connection = key.fileobj  # type: ignore[assignment]  # only sockets are registered
            answer: bytearray = key.data
            answer += connection.recv(65536)
            if _complete(answer):
                now = time.perf_counter()
                latencies.append(now - sent[connection])
                answer.clear()
                sent[connection] = now
                connection.sendall(request)
    elapsed = time.perf_counter() - began
    for connection in sent:
        connection.close()
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99]) * 1000
    return Load(concurrency, len(latencies) / elapsed, float(p50), float(p95), float(p99))


def _complete(answer: bytearray) -> bool:
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the service answered {bytes(answer[:80])!r}")
    head, found, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]) if found else 0
    return bool(found) and len(body) >= length
