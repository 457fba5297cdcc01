"""The code that serves pictures, imported from the model repository: what is measured is what runs."""

import numpy as np

from effects.editing import edit
from effects.encoding import encode
from effects.matte import Steadied, to_frame
from effects.room import Room
from effects.settings import Settings, parse
from evaluation.pictures import Image
from exporters.onnx_tools import Floats
from faces.detection import DETECTORS, Detector
from faces.frame import Frame, Run
from faces.geometry import Levels
from image_decoder.pictures import decode
from image_decoder.scaling import stretch
from perf.report import PROJECT
from server.repository import Repository

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

REPOSITORY = Repository(PROJECT / "model_repository")
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
