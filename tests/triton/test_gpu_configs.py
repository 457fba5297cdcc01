"""What a GPU's configs say of batching, priorities, states and warm-up, in a real server without a GPU.

A copy of the repository has KIND_CPU for KIND_GPU and onnxruntime for tensorrt; the rest is as it is.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput

from exporters.onnx_tools import Floats
from exporters.tensorrt.targets import PLANS
from exporters.triton_config import gpu_config_path
from server import Triton

REPOSITORY = Path(__file__).parents[2] / "model_repository"
SERVED = ("denoise", "face_detector_blazeface", "face_expression")


@pytest.fixture(scope="module")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """The server; it has answered a first request of every model."""
    models = tmp_path_factory.mktemp("gpu")
    for name in SERVED:
        shutil.copytree(REPOSITORY / name, models / name)
        path = gpu_config_path(models, name)
        text = path.read_text()
        assert "KIND_GPU" in text
        assert ("tensorrt" in text.partition("\nmax_batch_size")[0].lower()) >= (name in PLANS)
        text = text.replace("KIND_GPU", "KIND_CPU").replace('backend: "tensorrt"', 'backend: "onnxruntime"')
        path.write_text(text)
    with Triton(models, SERVED, config_name="gpu", drain_s=0) as running:
        yield running


def test_triton_takes_what_they_say(triton: Triton) -> None:
    """Both samples of warm-up, at batch 1 and at the most, were run at load, or loading would have failed."""
    with InferenceServerClient(triton.grpc) as client:
        config = client.get_model_config("face_expression").config
        assert list(config.dynamic_batching.preferred_batch_size) == [8, 64]
        assert config.dynamic_batching.max_queue_delay_microseconds == 2000
        assert config.optimization.priority == config.optimization.PRIORITY_MIN
        assert [sample.batch_size for sample in config.model_warmup] == [1, 64]
        image = InferInput("image", [3, 64, 64, 3], "UINT8")
        image.set_data_from_numpy(np.zeros((3, 64, 64, 3), np.uint8))
        probabilities = client.infer("face_expression", [image]).as_numpy("probabilities")
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_a_sequence_goes_on_where_it_was(triton: Triton) -> None:
    """denoise in two calls is denoise in one, though its sample of warm-up was skipped."""
    audio = np.random.default_rng(0).standard_normal((1, 4096)).astype(np.float32) * np.float32(0.1)
    with InferenceServerClient(triton.grpc) as client:

        def clean(part: Floats, room: int, **flags: bool) -> Floats:
            tensor = InferInput("audio", list(part.shape), "FP32")
            tensor.set_data_from_numpy(part)
            answer = client.infer("denoise", [tensor], sequence_id=room, **flags)
            return np.asarray(answer.as_numpy("audio_clean"), np.float32)

        whole = clean(audio, 1, sequence_start=True, sequence_end=True)
        halves = [
            clean(audio[:, :2048], 2, sequence_start=True),
            clean(audio[:, 2048:], 2, sequence_end=True),
        ]
    np.testing.assert_allclose(np.concatenate(halves, axis=1), whole, atol=1e-5)
