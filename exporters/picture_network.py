"""Networks that look at square pictures of one size: how they are exported, and compared with themselves."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluation.pictures import Image
from exporters.contract import Artifact, Job, Measurement, Profile
from exporters.onnx_tools import Floats, Graph, export_module, max_difference

if TYPE_CHECKING:
    import torch

USUAL_BATCH = 8


def artifact(model: str, path: Path, side: int, largest_batch: int) -> Artifact:
    """A graph whose one input is ``image``, uint8 RGB [B,side,side,3]."""
    shapes = ((batch, side, side, 3) for batch in (1, USUAL_BATCH, largest_batch))
    return Artifact(model, path, "fp32", {"image": Profile(*shapes)})


def export(
    network: "torch.nn.Module", job: Job, model: str, side: int, output: str, largest_batch: int
) -> Artifact:
    """Export ``network``, which makes one tensor [B,...] of ``image``, uint8 RGB [B,side,side,3]."""
    import torch  # noqa: PLC0415 - a second to import: only when something is really exported

    path = export_module(
        network,
        job.folder(model) / "model.onnx",
        inputs={"image": torch.zeros(2, side, side, 3, dtype=torch.uint8)},
        outputs=[output],
        dynamic={name: {0: "batch"} for name in ("image", output)},
    )
    return artifact(model, path, side, largest_batch)


def one_by_one(graph: Graph, images: Image) -> list[Floats]:
    """The outputs [B,...] of ``graph`` for ``images`` [B,H,W,3], each seen on its own."""
    alone = [graph(image=image[None]) for image in images]
    return [np.concatenate(outputs) for outputs in zip(*alone, strict=True)]


def batched_against_solo(graph: Graph, images: Image, alone: Sequence[Floats], what: str) -> Measurement:
    """How far the outputs for ``images`` together are from those of :func:`one_by_one`."""
    together = graph(image=images)
    return Measurement(
        gate="parity",
        name="batched against solo",
        value=max(max_difference(one, other) for one, other in zip(together, alone, strict=True)),
        limit=1e-5,
        data=f"{len(images)} {what}",
    )
