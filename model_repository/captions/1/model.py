"""Triton model `captions`: its code is the package beside this file."""

from captions.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
