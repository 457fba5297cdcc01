"""Which shapes the portable backend lets a graph be run with."""

import re
from pathlib import Path

import pytest

from onnx_backend.shape_bounds import LONGEST, Bounds, bounds_of
from tests import models
from tests.unit.test_backend_onnx_signature import as_json


def bounds(folder: Path) -> Bounds:
    config = as_json((folder / "config.pbtxt").read_text())
    (found,) = bounds_of(config, folder / "1" / "model.onnx").values()
    return found


def test_what_an_exporter_says_of_its_graph_counts(tmp_path: Path) -> None:
    x = bounds(models.stepped(tmp_path))
    for fitting in ((1, 4), (16, 32), (3, 12)):
        x.check(fitting)
    for shape in ((0, 4), (17, 4), (1, 0), (1, 5), (1, 36), (1, 2**32 - 1), (1, 4, 1), (0,), ()):
        wanted = re.escape(
            f"input 'x' has shape {list(shape)}; it must be [1 to 16, a multiple of 4 from 4 to 32]"
        )
        with pytest.raises(ValueError, match=wanted):
            x.check(shape)


def test_of_a_graph_of_ones_own_the_configuration_counts(tmp_path: Path) -> None:
    """And that no tensor has more bytes than a message."""
    x = bounds(models.identity(tmp_path))
    x.check((16, models.VECTOR))
    with pytest.raises(ValueError, match=r"has shape \[1, 15\]; it must be \[1 to 16, 16\]"):
        x.check((1, models.VECTOR - 1))
    anything = bounds(models.twice(tmp_path))
    anything.check((1, 0))
    with pytest.raises(ValueError, match=rf"must be \[1 to 16, 0 to {LONGEST}\]"):
        anything.check((1, 2**32 - 1))
    with pytest.raises(ValueError, match=f"more than {LONGEST} bytes"):
        anything.check((16, 2**30))
