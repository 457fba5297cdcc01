"""ICC profiles of displays, made of their primaries (ICC.1:2001-04, matrix-based display profiles)."""

import struct

import numpy as np
from numpy.typing import NDArray

SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_WHITE = np.array([0.3127, 0.3290])
"""D65's chromaticity."""
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

Floats = NDArray[np.float64]
Primaries = tuple[tuple[float, float], ...]
"""Chromaticities x, y of red, green and blue."""


def to_xyz(primaries: Primaries) -> Floats:
    """The matrix [3, 3] of linear RGB to XYZ under D65."""
    columns: Floats = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries], np.float64).T
    matrix: Floats = np.multiply(columns, np.linalg.solve(columns, _xyz(_WHITE)))
    return matrix


def profile(primaries: Primaries, gamma: float = 2.2, space: bytes = b"RGB ") -> bytes:
    """An ICC profile of those primaries, D65 and a power law."""
    cones = _BRADFORD @ np.stack([_xyz(_WHITE), _D50], axis=1)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ _BRADFORD @ to_xyz(primaries)
    curve = b"curv" + struct.pack(">IIH", 0, 1, round(gamma * 256)) + bytes(2)
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, 5) + b"made\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz_tag(_D50),
        **{name: _xyz_tag(adapted[:, at]) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC", b"kTRC"), curve),
    }
    body, table = b"", b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    rest = struct.pack(">I", len(tags)) + table + body
    head = struct.pack(">I4sI4s4s4s", 128 + len(rest), b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    return head.ljust(68, b"\0") + _s15(_D50) + bytes(128 - 80) + rest


def in_srgb(pixels: NDArray[np.uint8], primaries: Primaries, gamma: float = 2.2) -> NDArray[np.uint8]:
    """Pixels [..., 3] of such a display -> the same colors in sRGB, cut off where it has none."""
    linear = (pixels / 255) ** gamma @ (np.linalg.inv(to_xyz(SRGB)) @ to_xyz(primaries)).T
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * curved), np.uint8)


def _xyz(chromaticity: Floats) -> Floats:
    x, y = chromaticity
    return np.array([x / y, 1, (1 - x - y) / y])


def _xyz_tag(values: Floats) -> bytes:
    return b"XYZ " + bytes(4) + _s15(values)


def _s15(values: Floats) -> bytes:
    return struct.pack(">3i", *(round(float(value) * 65536) for value in values))
