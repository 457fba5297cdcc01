"""Parity with the network in torch and with dlib's own embeddings; batched against solo; recognition."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from exporters.contract import Measurement
from exporters.face_embedding.faces import faces
from exporters.face_embedding.network import FaceNetwork
from exporters.face_embedding.recognition import recognition
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.picture_network import batched_against_solo, one_by_one
from tooling.sources import Library


def measure(
    path: Path, network: FaceNetwork, library: Library, default_weights: bool
) -> Iterator[Measurement]:
    """On every face of the photos and clips, aligned.

    Other weights than the default's are only measured: how far they are from dlib's own, and how they tell
    these people apart at a threshold that was not chosen for them, has no limit.
    """
    graph, known = Graph(path), faces(library)
    aligned = np.stack([face.aligned for face in known])
    (found,) = one_by_one(graph, aligned)
    with torch.no_grad():
        expected: Floats = network(torch.from_numpy(aligned)).numpy()
    yield Measurement(
        gate="parity",
        name="max difference",
        value=max_difference(found, expected),
        limit=1e-5,
        data=f"{len(known)} faces, the network in torch",
    )
    yield batched_against_solo(graph, aligned[:64], [found[:64]], "faces")
    own = [(face.dlib, one) for face, one in zip(known, found, strict=True) if face.dlib is not None]
    distances = [float(np.linalg.norm(dlib / np.linalg.norm(dlib) - one)) for dlib, one in own]
    yield Measurement(
        gate="parity",
        name="largest distance from dlib's own embedding",
        value=max(distances),
        limit=0.05 if default_weights else None,
        data=f"{len(own)} faces, dlib 20.0.1 with its float weights",
    )
    for measurement in recognition(known, found):
        yield measurement if default_weights else replace(measurement, limit=None)
