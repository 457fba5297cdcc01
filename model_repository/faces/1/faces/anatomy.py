"""Where on MediaPipe's face mesh things are, and the crops that networks of single faces were trained on.

Numbers of points: https://github.com/google-ai-edge/mediapipe/blob/master/mediapipe/modules/face_geometry/data/
canonical_face_model_uv_visualization.png
"""

from __future__ import annotations

import numpy as np

from faces.geometry import Floats, Similarity

LANDMARK_VIEW = 192
CHIP = 150
EXPRESSION_VIEW = 64

_LEFT_EYE, _RIGHT_EYE = (33, 133), (362, 263)
"""Corners of the eyes, from left to right in the picture."""
_NOSE_TIP = 1
_NOSE_BASE = 2
"""Where the septum meets the lip."""
_MOUTH = (61, 291)
"""Its corners, from left to right in the picture."""

_CHIP_POINTS = (263, 362, 33, 133, _NOSE_BASE)
_CHIP_TEMPLATE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ],
    np.float32,
)
_CHIP_PADDING = 0.25
_EXPRESSION_SIDE, _EXPRESSION_LIFT = 1.1, 0.07


def landmarks(mesh: Floats) -> Floats:
    """The five points [5,2] of a mesh [468,3]: centers of the eyes, tip of the nose, corners of the mouth."""
    eyes = [mesh[list(corners), :2].mean(axis=0) for corners in (_LEFT_EYE, _RIGHT_EYE)]
    return np.stack([*eyes, mesh[_NOSE_TIP, :2], mesh[_MOUTH[0], :2], mesh[_MOUTH[1], :2]])


def chip(mesh: Floats) -> Similarity:
    """The crop that dlib's face recognition was trained on: 150 pixels, padding 0.25.

    Template and padding are those of `get_face_chip_details` for dlib's five points (the corners of the eyes,
    and where the nose ends), https://github.com/davisking/dlib/blob/v19.24/dlib/image_transforms/interpolation.h
    """
    template = (_CHIP_TEMPLATE + _CHIP_PADDING) / (1 + 2 * _CHIP_PADDING) * CHIP
    return Similarity.between(template, mesh[list(_CHIP_POINTS), :2])


def expression_view(mesh: Floats) -> Similarity:
    """The upright square that face_expression is shown: a face as OpenCV's Haar cascade frames it.

    That is what `fer` gives this network, with a margin of 10 pixels. On portraits and groups the cascade's
    boxes are 1.04 (0.9 to 1.2) times the longer side of the mesh, and 0.07 of it further up.
    """
    eyes = landmarks(mesh)[:2]
    across = complex(*(eyes[1] - eyes[0]).tolist())
    direction = across / abs(across) if across else 1
    upright = (mesh[:, 0] + 1j * mesh[:, 1]) * np.conj(direction)
    least, most = (complex(edge(upright.real), edge(upright.imag)) for edge in (np.min, np.max))
    longer = max(most.real - least.real, most.imag - least.imag)
    middle = (least + most) / 2 - _EXPRESSION_LIFT * longer * 1j
    return Similarity.square(middle * direction, _EXPRESSION_SIDE * longer, direction, EXPRESSION_VIEW)
