"""Triton model `moderation_features`: its code is the package beside this file."""

from moderation_features.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
