"""Triton model `chat`: its code is the package beside this file."""

from chat.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
