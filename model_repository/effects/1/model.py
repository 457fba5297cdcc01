"""Triton model `effects`: its code is the package beside this file."""

from effects.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
