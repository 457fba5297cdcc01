"""How the C library handles the memory of pictures, a few MB that come and go with every frame."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Names of parameters in glibc's malloc.h."""
LARGEST_KEPT = 32 << 20
"""Bytes of an array whose memory is kept for the next one; glibc allows no more."""
MOST_KEPT = 128 << 20
"""Bytes that are kept in all."""


def keep_freed_memory() -> None:
    """Keep freed memory rather than give it back and have it mapped, page by page, for the next frame.

    With every effect on it halves the time of a frame.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT)
    libc.mallopt(_M_TRIM_THRESHOLD, MOST_KEPT)
