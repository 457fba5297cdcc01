"""Triton model `moderation_features`: lines of chat -> buckets for the head, and what rules say."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

from moderation_features.features import Features
from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.text_lines import LineError, read_lines

TABLES = "tables.npz"


class TritonPythonModel:
    """Reads each request's lines; a bad line fails its own request."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the tables that the exporter wrote."""
        folder = Path(args["model_repository"]) / args["model_version"]
        with np.load(folder / TABLES) as tables:
            self._features = Features(dict(tables))

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [answered(request, "moderation_features", self._answer) for request in requests]

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        (text,) = request.inputs()
        try:
            lines = read_lines(text.as_numpy())
        except LineError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        buckets, rules = self._features.with_rules(lines)
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor("features", buckets), pb_utils.Tensor("rules", rules)]
        )
