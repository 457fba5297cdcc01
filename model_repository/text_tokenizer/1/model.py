"""Triton model `text_tokenizer`: its code is the package beside this file."""

from text_tokenizer.model import TritonPythonModel

__all__ = ["TritonPythonModel"]
