"""For all tests."""

import os
import signal
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from server import model_packages

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # what ONNX Runtime would tell Microsoft
model_packages.add_to_path()

# Ignored in a shell's background job, and then in all that a test starts, which it could not interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

SERVERS = ("vision_triton", "small_triton")
"""Fixtures for a whole session: each of these servers is started once, as one process runs all its tests."""
IN_REAL_TIME = "live_triton"
"""Its rooms speak at the pace of life, as those of the cluster do: they do so one after the other."""


class ByServer(LoadScopeScheduling):
    """Tests of one server, of rooms in real time, or else of one file, follow one another in one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        source = (self.config.rootpath / file).read_text(encoding="utf-8")
        if "cluster" in file.parts or IN_REAL_TIME in source:
            return IN_REAL_TIME
        return next((server for server in SERVERS if server in source), str(file))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    """Asked of by pytest-xdist (`-n 2`)."""
    return ByServer(config, log)
