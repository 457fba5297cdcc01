"""Triton model `tts`: its code is the package beside this file."""

from tts.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
