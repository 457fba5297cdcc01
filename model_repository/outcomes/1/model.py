"""Triton model `outcomes`: its code is the package beside this file."""

from outcomes.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
