"""Triton model `sentiment_features`: lines -> places in the classifier's table, all of a request at once."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

from sentiment_features.features import LANGUAGES, Reader
from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.text_lines import LineError, read_lines

_NAMES = np.array([name.encode() for name in LANGUAGES], np.object_)


class TritonPythonModel:
    """Reads the lines of each request; a bad one fails alone."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the lexicon that the exporter wrote, and read once: tables are made then."""
        folder = Path(args["model_repository"]) / args["model_version"]
        self._reader = Reader(np.load(folder / "lexicon.npy", allow_pickle=False))
        self._reader(["你好"])

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [answered(request, "sentiment_features", self._answer) for request in requests]

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        (text,) = request.inputs()
        try:
            lines = read_lines(text.as_numpy())
        except LineError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        found = self._reader(lines)
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor("features", found.features),
                pb_utils.Tensor("language", _NAMES[found.languages][:, None]),
            ]
        )
