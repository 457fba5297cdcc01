"""Triton model `voice_mood`: its code is the package beside this file."""

from voice_mood.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
