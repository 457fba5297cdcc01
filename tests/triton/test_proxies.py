"""A server on loopback is reached directly, however it is written and whatever proxies there are."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from evaluation.speech import SAMPLE_RATE, Clip
from server import Triton

TRANSCRIBES = f"""
import sys, liveroom, numpy as np
sound = np.frombuffer(sys.stdin.buffer.read(), np.float32)
for url in sys.argv[1:]:
    with liveroom.Client(url) as client:
        print(client.transcribe(sound, {SAMPLE_RATE}, language="en").text)
"""
MEASURES = """
import sys, numpy as np
from perf.load import grpc_load
address, metrics = sys.argv[1:]
message = grpc_load.request("identity", {"x": np.ones((1, 16), np.float32)})
done = grpc_load.measure(address, [message], 1, seconds=0.1, answer_bytes=64)
assert done.p50_ms and not done.errors, done
from server import canary, counters
from tritonclient.grpc import InferenceServerClient
assert counters.read(metrics)["identity"].answered
with InferenceServerClient(address, channel_args=canary.CHANNEL) as client:
    assert client.is_model_ready("identity")
"""


@dataclass
class Proxy:
    """Listens where a proxy would, refuses everything, and counts who came."""

    url: str
    came: list[bytes] = field(default_factory=list)


@contextmanager
def proxy() -> Iterator[Proxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    found.came.append(connection.recv(200))
                    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def ask(
    program: str, *arguments: str, environment: dict[str, str], stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    without = {each: value for each, value in os.environ.items() if not each.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=without | environment,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )


def all_of(url: str) -> dict[str, str]:
    """Every variable that names a proxy, in both cases."""
    names = ("grpc_proxy", "https_proxy", "http_proxy", "all_proxy")
    return {each: url for name in names for each in (name, name.upper())}


@pytest.mark.parametrize(
    "exceptions", [{}, {"no_proxy": "intranet.example", "no_grpc_proxy": "intranet.example"}]
)
def test_what_is_said_is_heard_past_all_proxies(
    exceptions: dict[str, str], live_triton: Triton, corpus: dict[str, Clip]
) -> None:
    port = live_triton.grpc.rpartition(":")[2]
    urls = [f"{host}:{port}" for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0")]  # noqa: S104
    clip = corpus["en-quick_brown_fox"]
    with proxy() as between:
        done = ask(
            TRANSCRIBES, *urls, stdin=clip.audio.tobytes(), environment=all_of(between.url) | exceptions
        )
    assert done.returncode == 0, done.stderr.decode()
    heard = done.stdout.decode().split("\n")[: len(urls)]
    assert all("brown fox" in each.lower() for each in heard), heard
    assert not between.came


def test_measurements_and_probes_go_past_all_proxies(small_triton: Triton) -> None:
    with proxy() as between:
        done = ask(MEASURES, small_triton.grpc, small_triton.metrics, environment=all_of(between.url))
    assert done.returncode == 0, done.stderr.decode()
    assert not between.came


def test_another_host_is_asked_for_through_the_proxy() -> None:
    """Else nothing above would show that the proxy is one."""
    program = TRANSCRIBES.replace("liveroom.Client(url)", "liveroom.Client(url, retries=liveroom.Retries(1))")
    with proxy() as between:
        done = ask(program, "captions.example:8001", stdin=b"\0" * 64_000, environment=all_of(between.url))
    assert b"through the proxy of grpc_proxy" in done.stderr
    assert between.came
    assert between.came[0].startswith(b"CONNECT captions.example:8001")
