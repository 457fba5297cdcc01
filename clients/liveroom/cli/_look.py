"""How a video says that its pixels are to be shown: which way up, how wide, in which colors."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from .._errors import InvalidInput
from .._picture import Pixels

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

_RGB, _BT709, _UNSAID = 0, 1, 2
"""Matrices of colors, by their numbers in H.273."""
_SWSCALE = {_BT709: 1, _UNSAID: 5, 3: 5, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
"""H.273's matrices -> libswscale's; what says none is taken as BT.601 when it is read and when it is written,
and so keeps its colors in every player, whichever matrix that one guesses."""
_LIMITED, _FULL = 1, 2
_HDR = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True, slots=True)
class Look:
    """What a frame says of its pixels; the numbers are H.273's, and 2 is unsaid."""

    matrix: int = _UNSAID
    full_range: bool = False
    primaries: int = _UNSAID
    transfer: int = _UNSAID
    aspect: Fraction | None = None
    """Width of a pixel divided by its height; None is unsaid."""
    notes: tuple[str, ...] = ()
    """What cannot be written as it was."""

    def encoded(self, pixels: Pixels) -> av.VideoFrame:
        """RGB [height, width, 3] as 4:2:0 in these colors."""
        import av  # noqa: PLC0415 - an optional extra

        spread = _FULL if self.full_range else _LIMITED
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p",
            dst_colorspace=_SWSCALE[self.matrix],
            src_color_range=_FULL,
            dst_color_range=spread,
            interpolation=_careful(),
        )
        self.mark(frame)
        return frame

    def mark(self, described: av.VideoFrame | av.VideoCodecContext) -> None:
        """Say all this of a frame, or of all that are encoded."""
        described.colorspace = self.matrix
        described.color_range = _FULL if self.full_range else _LIMITED
        described.color_primaries = self.primaries
        described.color_trc = self.transfer


def look_of(frame: av.VideoFrame, stream: VideoStream) -> Look:
    """How `frame` is to look once it is upright.

    Raises:
        InvalidInput: its colors are in a matrix that can't be read.
    """
    rgb = frame.format.is_rgb or frame.format.has_palette
    matrix = _BT709 if rgb or frame.colorspace == _RGB else frame.colorspace
    if matrix not in _SWSCALE:
        raise InvalidInput(
            f"its colors are in matrix {matrix} of H.273: expected BT.601, BT.709 or BT.2020 (1, 4 to 7, 9)"
        )
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or None
    if aspect and _matrix(frame)[0, 0] == 0:
        aspect = 1 / aspect
    return Look(
        matrix=matrix,
        full_range=not rgb and (frame.color_range == _FULL or frame.format.name.startswith("yuvj")),
        primaries=frame.color_primaries,
        transfer=frame.color_trc,
        aspect=aspect,
        notes=tuple(_notes(frame)),
    )


def upright(frame: av.VideoFrame) -> Pixels:
    """The pixels as they are shown: RGB [height, width, 3], turned and mirrored as the file says."""
    rgb = frame.reformat(format="rgb24", dst_color_range=_FULL, interpolation=_careful())
    pixels: Pixels = rgb.to_ndarray().astype(np.uint8, copy=False)
    (a, b), (c, d) = _matrix(frame)
    if a == 0:  # what was a line becomes a column
        pixels, (a, d) = pixels.transpose(1, 0, 2), (c, b)
    return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _matrix(frame: av.VideoFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """The display matrix [2,2] in quarter turns: (x, y) of a pixel times it is where it is shown.

    A sloping one is taken as the quarter turn that is next to it.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return np.eye(2, dtype=np.int64)
    values = np.frombuffer(cast(bytes, data), np.int32).astype(np.int64)
    matrix = values[:9].reshape(3, 3)[:2, :2]
    straight = abs(matrix[0, 0]) + abs(matrix[1, 1]) >= abs(matrix[0, 1]) + abs(matrix[1, 0])
    turned = np.sign(np.where(np.eye(2, dtype=bool) == straight, matrix, 0))
    return turned if np.count_nonzero(turned) == 2 else np.eye(2, dtype=np.int64)


def _notes(frame: av.VideoFrame) -> list[str]:
    bits = max((part.bits for part in frame.format.components), default=8)
    return [
        *([f"its {bits} bits a color become 8"] if bits > 8 and not frame.format.has_palette else []),
        *(
            [f"its {_HDR[frame.color_trc]} (HDR) stays, without its static metadata"]
            if frame.color_trc in _HDR
            else []
        ),
        *(
            ["what is transparent in it becomes opaque"]
            if any(part.is_alpha for part in frame.format.components)
            else []
        ),
        *(["it is interlaced, and becomes progressive"] if frame.interlaced_frame else []),
    ]


def _careful() -> int:
    """How libswscale rounds: without it colors are off by up to 5 of 255 after a few copies."""
    from av.video.reformatter import Interpolation  # noqa: PLC0415 - an optional extra

    return int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
