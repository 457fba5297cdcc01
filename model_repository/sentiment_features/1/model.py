"""Triton model `sentiment_features`: its code is the package beside this file."""

from sentiment_features.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
