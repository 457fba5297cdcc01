"""For all tests."""

import os
import signal
import tempfile

from server import model_packages

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # what ONNX Runtime would tell Microsoft
# What a developer's own server keeps, and a store of the developer's, are no business of tests.
os.environ.pop("LIVEROOM_STORE", None)
_STATE = tempfile.TemporaryDirectory(prefix="liveroom-state-")
os.environ["LIVEROOM_STATE"] = _STATE.name
model_packages.add_to_path()

# Ignored in a shell's background job, and then in all that a test starts, which it could not interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
