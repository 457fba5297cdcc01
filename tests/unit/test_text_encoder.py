"""The multilingual sentence encoder as it is exported."""

import re
from pathlib import Path

import numpy as np
import pytest
from liveroom._lines import LARGEST_BATCH, LONGEST_LINE

from exporters.errors import ExportError
from exporters.text_encoder import LONGEST, STEP, TextEncoderExporter
from exporters.text_encoder.weights import read_weights
from exporters.triton_config import config_path, load_config
from serving_common.text_lines import LONGEST_LINE as SERVED_LINE
from text_tokenizer import pieces

REPOSITORY = Path(__file__).parents[2] / "model_repository"


def test_the_exporter_the_tokenizer_and_the_client_agree_on_lengths() -> None:
    assert (LONGEST, STEP) == (pieces.LONGEST, pieces.STEP)
    assert LONGEST_LINE == SERVED_LINE
    for model in (*TextEncoderExporter.models, "text_encoder"):
        assert load_config(config_path(REPOSITORY, model)).max_batch_size == LARGEST_BATCH


def test_lines_are_padded_to_a_length_that_requests_can_share() -> None:
    found = pieces.padded([[1, 7, 2], [1, *range(3, 20), 2]])
    assert found.dtype == np.int32
    assert found.shape == (2, 32)
    assert found[0].tolist() == [1, 7, 2] + [-1] * 29
    assert found[1, :19].tolist() == [1, *range(3, 20), 2]


def test_of_a_line_that_is_too_long_the_beginning_is_read() -> None:
    (found,) = pieces.padded([[1, *range(3, 1000), 2]])
    assert found.tolist() == [1, *range(3, 3 + LONGEST - 2), 2]


def test_weights_of_something_else_are_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, q1=np.zeros((2, 512), np.uint8))
    for path in (other, tmp_path / "absent.npz", Path(__file__)):
        with pytest.raises(ExportError, match=re.escape(f"{path} is not the multilingual Universal")):
            read_weights(path)
