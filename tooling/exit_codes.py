"""What commands end with. The client's own, which come with its wheel, say more."""

OK = 0
FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""After Ctrl-C, as shells have it."""
CLOSED_PIPE = 141
"""Whoever read the output has gone, as in `... | head`; as shells have it, too."""
