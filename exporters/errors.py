"""What can go wrong in an export; every message is written for the person at the terminal."""

from tooling.errors import CommandError


class ExportError(CommandError):
    """An export that could not be done; the old version of the model, if any, is still in place."""


class GateError(ExportError):
    """A built model did not pass one of the gates (config, parity, accuracy, TensorRT lint)."""
