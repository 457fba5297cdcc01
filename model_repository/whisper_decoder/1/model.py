"""Triton model `whisper_decoder`: its code is the package beside this file."""

from whisper_decoder.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
