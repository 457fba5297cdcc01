"""Triton model `image_decoder`: its code is the package beside this file."""

from image_decoder.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
