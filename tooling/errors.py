"""What can go wrong in a command; every message is written for the person at the terminal."""


class CommandError(RuntimeError):
    """Something that was asked for could not be done."""


class SourceError(CommandError):
    """A source could not be had, or is not what it was declared to be."""
