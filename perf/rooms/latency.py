"""From when a caption's latency counts.

`spoken`: from when the caption's last sample was spoken, with no allowance for anything.

`due`, what the service level is about: from when the server could first have known the caption, as far as a
client can tell. That differs from `spoken` in two ways, neither of which a faster server could better:

- Audio comes in chunks, and one is sent when its last sample has been spoken. So latency counts from when the
  chunk with the caption's last sample was *due*. Due, and not sent: a chunk that the server held up is late
  from the moment it should have been sent (https://github.com/giltene/wrk2, "coordinated omission").
- A segment that is cut for its length, without a pause, is cut at a quiet place some time back. A partial
  caption that reached beyond the final's end proves that the segment was still open then. So a final counts
  from the later of its own end and the end of the last partial of its segment. That is before the moment of
  the cut, which a client can't see: such finals are measured up to a second longer than the server took.

The pause that ends a segment is waited for by the server; the part of it that lies behind the final's end (up
to 0.3 s, see captions' segments.py) counts as latency in both.
"""

from liveroom import Caption


class Decided:
    """Follows the captions of one room, in the order of their arrival."""

    def __init__(self) -> None:
        self._partial: Caption | None = None

    def pts(self, caption: Caption) -> float:
        """The last moment of the room's audio (seconds) that `caption` is known to have waited for."""
        if not caption.is_final:
            self._partial = caption
            return caption.pts_end
        partial, self._partial = self._partial, None
        if partial is None or partial.pts_start >= caption.pts_end:  # of another segment
            return caption.pts_end
        return max(caption.pts_end, partial.pts_end)
