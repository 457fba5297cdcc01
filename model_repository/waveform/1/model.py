"""Triton model `waveform`: its code is the package beside this file."""

from waveform.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
