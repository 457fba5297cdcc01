"""The first request a model is asked to answer."""

from pathlib import Path

import numpy as np
from tritonclient.utils import serialize_byte_tensor

from server.canary import sample
from server.repository import Repository
from tests import models


def warmup(*inputs: str) -> str:
    return f'model_warmup {{ name: "one" batch_size: 1 {" ".join(inputs)} }}\n'


def value(name: str, data_type: str, dims: str, how: str) -> str:
    return f'inputs {{ key: "{name}" value {{ data_type: TYPE_{data_type} dims: [{dims}] {how} }} }}'


def test_zeros_of_the_declared_shape_without_a_sample(tmp_path: Path) -> None:
    for write in (models.twice, models.shifted, models.echo):
        write(tmp_path)
    found = Repository(tmp_path).resolve(["twice", "shifted"])
    assert sample(found["twice"], found)["x"].tolist() == [[b""]]
    shifted = sample(found["shifted"], found)
    assert {name: array.shape for name, array in shifted.items()} == {"x": (1, 2)}, (
        "optional inputs are left out"
    )


def test_samples_of_model_warmup(tmp_path: Path) -> None:
    io = models.tensor("input", "a", "FP32", -1) + models.tensor("input", "b", "STRING", 1)
    given = warmup(
        value("a", "FP32", "480", "random_data: true"), value("b", "STRING", "1", 'input_data_file: "b"')
    )
    folder = models.write(tmp_path, "sampled", models.PYTHON + "max_batch_size: 4\n" + io + given)
    (folder / "warmup").mkdir()
    text = serialize_byte_tensor(np.array(["中文".encode()], np.object_))
    (folder / "warmup" / "b").write_bytes(text.item())
    found = Repository(tmp_path).resolve(["sampled"])
    arrays = sample(found["sampled"], found)
    assert arrays["a"].shape == (1, 480)
    assert 0 < np.abs(arrays["a"].astype(float)).max() <= 1
    assert arrays["b"].tolist() == [["中文".encode()]]


def test_an_ensemble_takes_its_steps_samples(tmp_path: Path) -> None:
    models.pipeline(tmp_path)
    models.affine(tmp_path)
    given = warmup(value("x", "FP32", str(models.VECTOR), "random_data: true"))
    models.identity(tmp_path, config=models.BATCHED + models.tensor("input", "x", "FP32", -1) + given)
    found = Repository(tmp_path).resolve(["pipeline"])
    assert np.array_equal(sample(found["pipeline"], found)["x"], sample(found["identity"], found)["x"])
    assert sample(found["pipeline"], found)["x"].shape == (1, models.VECTOR)
