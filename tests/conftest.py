"""For all tests."""

import os
import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # what ONNX Runtime would tell Microsoft

# Ignored in a shell's background job, and then in all that a test starts, which it could not interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

SERVERS = ("live_triton", "vision_triton", "small_triton")
"""Fixtures for whole sessions: each of these servers is started once, as one process runs all its tests."""


class ByServer(LoadScopeScheduling):
    """Tests of one server, of the cluster, or else of one file, follow one another in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        if "cluster" in file.parts:
            return "cluster"
        source = (self.config.rootpath / file).read_text(encoding="utf-8")
        return next((server for server in SERVERS if server in source), str(file))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    """Asked of by pytest-xdist (`-n 2`)."""
    return ByServer(config, log)
