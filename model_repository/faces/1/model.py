"""Triton model `faces`: its code is the package beside this file."""

from faces.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
