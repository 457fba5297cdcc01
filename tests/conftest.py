"""For all tests."""

import signal

# Ignored in a shell's background job, and then in all that a test starts, which it could not interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
