"""Triton model `catalog`: its code is the package beside this file."""

from catalog.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
