"""Cut what a network looks at out of a frame, upright and at the network's size, and take its answers back.

Coordinates are continuous: a pixel covers [i, i + 1), so that they scale with the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Similarity:
    """A turn, scaling and shift of the plane, from a crop to its frame: z -> factor * z + offset.

    Points are complex numbers x + iy, so `abs(factor)` is the frame's pixels to one of the crop's.
    """

    factor: complex
    offset: complex

    @classmethod
    def square(cls, center: complex, side: float, direction: complex, pixels: int) -> Self:
        """A crop of `pixels` by `pixels` that shows the square with this center, side and x axis (unit)."""
        factor = side / pixels * direction
        return cls(factor, center - factor * complex(pixels, pixels) / 2)

    @classmethod
    def between(cls, crop: Floats, frame: Floats) -> Self:
        """The one that brings points [N,2] of the crop closest to those of the frame, by least squares.

        Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991).
        """
        source, target = _complex(crop), _complex(frame)
        from_middle = source - source.mean()
        spread = float((np.abs(from_middle) ** 2).sum())
        factor = complex((np.conj(from_middle) * (target - target.mean())).sum()) / max(spread, 1e-9)
        return cls(factor, complex(target.mean() - factor * source.mean()))

    def __call__(self, points: Floats) -> Floats:
        """Points [...,2] of the crop -> where they are in the frame."""
        found = self.factor * _complex(points) + self.offset
        return np.asarray(np.stack([found.real, found.imag], axis=-1), np.float32)


class Levels:
    """A frame [H,W,3], and the same at a half, a quarter, ... where crops need it (see `cut`)."""

    def __init__(self, frame: Pixels) -> None:
        self._levels = [frame]
        self.height, self.width = frame.shape[:2]

    def cut(self, crop: Similarity, width: int, height: int, *, replicate: bool = False) -> Pixels:
        """The crop [height,width,3]; what lies outside of the frame is black, or its border continued.

        Pixels are interpolated between those of the smallest level that is still larger than the crop, so
        that none of the frame is skipped.
        """
        scale: int = 2 ** self._level(abs(crop.factor))
        level, factor = self._levels[scale.bit_length() - 1], crop.factor / scale
        half = complex(0.5, 0.5)  # OpenCV's coordinates are those of the pixels' centers
        offset = crop.offset / scale + factor * half - half
        matrix = np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])
        if (factor, offset) == (1, 0) and level.shape[:2] == (height, width):
            return level
        border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(level, matrix, (width, height), flags=flags, borderMode=border)
        return np.asarray(cut, np.uint8)

    def _level(self, scale: float) -> int:
        """How often to halve the frame before it is scaled down by `scale` in all; makes that level."""
        level = 0
        while scale >= 2 ** (level + 1):
            if level + 1 == len(self._levels):
                last = self._levels[-1]
                rows, columns = last.shape[0] // 2, last.shape[1] // 2
                if not (rows and columns):
                    break
                even = last[: 2 * rows, : 2 * columns]
                half = cv2.resize(even, (columns, rows), interpolation=cv2.INTER_LINEAR)  # means of four
                self._levels.append(np.asarray(half, np.uint8))
            level += 1
        return level


def _complex(points: Floats) -> NDArray[np.complex128]:
    return points[..., 0].astype(np.float64) + 1j * points[..., 1].astype(np.float64)
