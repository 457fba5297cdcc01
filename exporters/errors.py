"""What can go wrong in an export; every message is written for the person at the terminal."""


class ExportError(Exception):
    """An export that could not be done; the old version of the model, if any, is still in place."""


class SourceError(ExportError):
    """A source could not be had, or is not what it was declared to be."""


class GateError(ExportError):
    """A built model did not pass one of the gates (config, parity, accuracy, TensorRT lint)."""
