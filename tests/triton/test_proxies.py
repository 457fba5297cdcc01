"""A server on loopback is reached whatever proxies the environment names."""

import os
import subprocess
import sys

import pytest

from server import Triton

ASKS = """
import sys, liveroom
with liveroom.Client(sys.argv[1]) as client:
    assert client.health()
import server
from tritonclient.grpc import InferenceServerClient
with InferenceServerClient(sys.argv[1]) as plain:
    assert plain.is_server_live()
"""


@pytest.mark.parametrize("name", ["http_proxy", "grpc_proxy"])
def test_clients_reach_a_server_on_loopback_without_the_proxy(name: str, small_triton: Triton) -> None:
    without = {each: value for each, value in os.environ.items() if not each.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-c", ASKS, small_triton.grpc],
        env=without | {name: "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
