"""Which networks become TensorRT plans, at which precisions, and how far a plan may be from the fp32 graph.

A network that is not here is served by ONNX Runtime on a GPU's node too; ``model_repository/README.md`` says
why. It is not part of an exporter, for it decides nothing about the ONNX graph that is exported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from exporters.contract import Exporter, Options

Precision = Literal["fp16", "bf16", "fp32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True)
class Plan:
    """What is wanted of one network's plan.

    ``tolerance`` is how far each output may be from that of the fp32 graph in ONNX Runtime: its largest
    absolute difference, in the output's own unit, or with ``norm="rms"`` the root mean square of the
    difference over that of the output. ``precisions`` are tried in order: the first that is built and keeps
    the tolerance wins. ``ranked_by`` names the output with the scores that rows are ordered by, where they
    are: rows of nearly one score may change places, so each likely one is compared with the one it is nearest
    to.
    """

    tolerance: Mapping[str, float]
    precisions: tuple[Precision, ...] = ("fp16", "fp32")
    norm: Literal["max", "rms"] = "max"
    ranked_by: str = ""


PLANS: Mapping[str, Plan] = {
    # Powers of a spectrum span more decades than fp16 has.
    "log_mel": Plan({"features": 1e-3}, precisions=("fp32",)),
    # A few of the states are ten times as large as the rest. int8, which costs no words, is off by 0.05.
    "whisper_encoder": Plan({"states": 0.01}, norm="rms"),
    # Positions are in [0, 1] of the picture: two pixels of 192.
    "face_detector_blazeface": Plan({"boxes": 0.01, "scores": 0.01, "landmarks": 0.01}, ranked_by="scores"),
    "face_landmarks": Plan({"landmarks": 0.01, "presence": 0.01}),
    "face_embedder": Plan({"embedding": 0.005}),
    "face_expression": Plan({"probabilities": 0.01}),
    "nsfw": Plan({"probability": 0.01}),
    "person_segmenter": Plan({"mask": 0.02}),
}


def for_plans(exporter: Exporter, options: Options) -> Options:
    """The options of the export that plans start from: fp32 where anything else would be served."""
    quantized = exporter.precisions[0] != "fp32" and "fp32" in exporter.precisions
    return replace(options, precision="fp32") if quantized else options
