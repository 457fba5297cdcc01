"""The code that serves pictures, imported from the model repository: what is measured is what runs."""

import sys

import numpy as np

from exporters.onnx_tools import Floats
from exporters.pictures import Image
from perf.report import PROJECT
from server.repository import Repository

REPOSITORY = Repository(PROJECT / "model_repository")
sys.path += [str(REPOSITORY.path / model / "1") for model in ("image_decoder", "faces", "effects")]

from detection import DETECTORS, Detector  # noqa: E402 - after its folder is on the path
from editing import edit  # noqa: E402
from encoding import encode  # noqa: E402
from frame import Frame, Run  # noqa: E402
from geometry import Levels  # noqa: E402
from matte import Steadied, to_frame  # noqa: E402
from pictures import decode  # noqa: E402
from rooms import Room  # noqa: E402
from scaling import stretch  # noqa: E402
from settings import Settings, parse  # noqa: E402

__all__ = [
    "DEFAULT_DETECTOR",
    "DETECTORS",
    "REPOSITORY",
    "Detector",
    "Frame",
    "Levels",
    "Room",
    "Run",
    "Settings",
    "Steadied",
    "decode",
    "edit",
    "encode",
    "look",
    "parse",
    "stretch",
    "to_frame",
    "views",
]


_DECODER = {tensor.name: tensor for tensor in REPOSITORY.read("image_decoder").config.output}
_FACES = REPOSITORY.read("faces").config.parameters
DEFAULT_DETECTOR = _FACES["detector"].string_value
"""What `vision` looks for faces with where nobody says."""
_MOST_FACES = int(_FACES["max_faces"].string_value)


def views(frame: Image) -> tuple[Image, Image]:
    """`person_view` and `safety_view` of a frame [H,W,3], as `image_decoder` makes them."""
    side, middle = _DECODER["person_view"].dims[0], _DECODER["safety_view"].dims[0]
    whole = stretch(frame, side, side)
    edge = (side - middle) // 2
    return whole, np.ascontiguousarray(whole[edge:-edge, edge:-edge])


def look(frame: Frame, run: Run, detector: Detector, *, faces_too: bool = True) -> dict[str, Floats]:
    """What `faces` says of a frame, by networks that `run` asks; faces_too: those of single faces as well."""
    faces = frame.find(detector, _MOST_FACES)
    outputs = frame.describe(faces)
    if faces and faces_too:
        (outputs["embeddings"],) = run("face_embedder", frame.chips(faces), ["embedding"])
        (outputs["expressions"],) = run("face_expression", frame.expression_views(faces), ["probabilities"])
    return outputs
