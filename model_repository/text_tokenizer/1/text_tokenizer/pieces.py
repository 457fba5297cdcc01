"""Pieces of lines as one array."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 256
"""Pieces of a line that are read, marks of beginning and end among them; few lines of chat have 70."""
STEP = 16
"""What lengths are a multiple of, so that requests of different callers can share a batch."""
PADDING = -1
"""After the end of a line."""


def padded(lines: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Pieces of lines, marks included, as int32 [B,L]; of a longer line the first, and its end."""
    kept = [pieces if len(pieces) <= LONGEST else [*pieces[: LONGEST - 1], pieces[-1]] for pieces in lines]
    lengths = np.fromiter(map(len, kept), np.int64, len(kept))
    longest = int(lengths.max(initial=1))
    found = np.full((len(kept), -(-longest // STEP) * STEP), PADDING, np.int32)
    found[np.arange(found.shape[1]) < lengths[:, None]] = [piece for pieces in kept for piece in pieces]
    return found
