"""For all tests."""

import os
import signal

from server import model_packages

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # what ONNX Runtime would tell Microsoft
model_packages.add_to_path()

# Ignored in a shell's background job, and then in all that a test starts, which it could not interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
