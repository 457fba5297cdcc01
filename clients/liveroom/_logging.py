"""What may be logged: what became of calls and rooms, never what anybody says or shows in them.

Modules log to `logging.getLogger("liveroom")` and below: warnings of what a room notices (its server lost or
silent, audio or frames lost, a token file that cannot be read), and for information what went on without it.
Errors are named by their code, as their sentences may repeat what was sent. Where an application configures
no logging nothing is printed.
"""

from __future__ import annotations

import hashlib
import logging

logging.getLogger("liveroom").addHandler(logging.NullHandler())


def hashed(room_id: str) -> str:
    """A name for a room by which its lines are found, and which does not tell its id."""
    return hashlib.sha256(room_id.encode()).hexdigest()[:12]
