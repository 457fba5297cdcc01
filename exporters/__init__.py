"""Trained checkpoint in, verified Triton model out: ``python -m exporters NAME``.

Each sub-package is one model family. Its ``__init__`` declares an :class:`~exporters.contract.Exporter`
(and must import in milliseconds: torch and onnxruntime are imported inside ``build``); everything a
family has in common (fetching, checking, installing) is done once, by :mod:`exporters.pipeline`. What is
measured is what will run: the code that serves a model is imported from the model repository.
"""

import os

from server import model_packages

# ONNX Runtime tells Microsoft what it runs, unless it finds this when it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
model_packages.add_to_path()
