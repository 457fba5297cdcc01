"""Triton model `text_tokenizer`: lines of text -> pieces, all lines of a request at once."""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

from collections.abc import Mapping
from pathlib import Path

import triton_python_backend_utils as pb_utils
from sentencepiece import SentencePieceProcessor

from serving_common.error_codes import Code
from serving_common.errors import answered, refusal
from serving_common.text_lines import LineError, read_lines
from text_tokenizer.pieces import padded


class TritonPythonModel:
    """Cuts the lines of each request; a bad one fails alone."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the pieces that the exporter wrote."""
        folder = Path(args["model_repository"]) / args["model_version"]
        self._tokenizer = SentencePieceProcessor(model_file=str(folder / "pieces.model"))

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """One response per request."""
        return [answered(request, "text_tokenizer", self._answer) for request in requests]

    def _answer(self, request: pb_utils.InferenceRequest) -> pb_utils.InferenceResponse:
        (text,) = request.inputs()
        try:
            lines = read_lines(text.as_numpy())
        except LineError as error:
            return refusal(Code.INVALID_INPUT, str(error))
        pieces = self._tokenizer.encode(lines, add_bos=True, add_eos=True, num_threads=1)
        return pb_utils.InferenceResponse([pb_utils.Tensor("tokens", padded(pieces))])
