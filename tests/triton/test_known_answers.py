"""A model that answers nonsense is not ready and not healthy: each is asked for something that is known."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from liveroom import Client
from onnx import helper
from tritonclient.grpc import InferenceServerClient

from server import ServerError, Triton
from server.answers import NonsenseError, check
from server.canary import Question
from server.health_monitor import HealthMonitor
from server.repository import Repository
from tests import models

IO = models.tensor("input", "x", "FP32", models.VECTOR) + models.tensor("output", "y", "FP32", models.VECTOR)


def expect(said: str) -> str:
    return f'parameters {{ key: "expect" value {{ string_value: "{said}" }} }}\n'


def not_a_number(repository: Path) -> Path:
    """y = the root of x - 1: NaN for zeros, which it is asked with."""
    return models.write(
        repository,
        "broken",
        models.BATCHED + IO,
        [helper.make_node("Sub", ["x", "one"], ["less"]), helper.make_node("Sqrt", ["less"], ["y"])],
        [models.value("x", ["batch", models.VECTOR])],
        [models.value("y", ["batch", models.VECTOR])],
        {"one": np.ones((1, models.VECTOR), np.float32)},
    )


def test_a_model_that_says_nan_is_never_ready(tmp_path: Path) -> None:
    not_a_number(tmp_path)
    with pytest.raises(ServerError, match="model 'broken' answers nonsense: its y is not finite"):
        Triton(tmp_path, ["broken"], drain_s=0, log_file=tmp_path / "log").start()


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("y: largest <= 0.5", ""),
        (
            "y: largest >= 0.5",
            r"its y is of shape \[1, 16\], at most 0, at 0, expected of the sample: y: largest >= 0.5",
        ),
        ("y: largest at 0", ""),
        ("y: largest at 2", r"at most 0, at 0, expected of the sample: y: largest at 2"),
        ("y: 2 rows", "expected of the sample: y: 2 rows"),
        ("y: largest <= 0.5; y: words", "expected of the sample: y: words"),
    ],
)
def test_what_is_expected_stands_beside_the_model(
    small_triton: Triton, tmp_path: Path, said: str, wrong: str
) -> None:
    folder = models.identity(tmp_path, config=models.BATCHED + IO + expect(said))
    found = Repository(tmp_path).resolve(["identity"])
    with InferenceServerClient(small_triton.grpc) as client:
        question = Question(found["identity"], found)
        if not wrong:
            question.ask(client, 5)
            return
        with pytest.raises(NonsenseError, match=wrong):
            question.ask(client, 5)
        (folder / "1" / "manifest.json").write_text(json.dumps({"poor": ["error rate is 100 %"]}))
        question.ask(client, 5)  # whoever took poor weights knows it


def test_an_expectation_that_nobody_understands_is_told(small_triton: Triton, tmp_path: Path) -> None:
    models.identity(tmp_path, config=models.BATCHED + IO + expect("y is large"))
    found = Repository(tmp_path).resolve(["identity"])
    refused = pytest.raises(ServerError, match=r"expect is 'y is large' in .*: use 'OUTPUT: words'")
    with InferenceServerClient(small_triton.grpc) as client, refused:
        Question(found["identity"], found).ask(client, 5)


def test_a_running_server_whose_model_talks_nonsense_is_not_ready(
    small_triton: Triton, tmp_path: Path
) -> None:
    models.identity(tmp_path, config=models.BATCHED + IO + expect("y: largest >= 0.5"))
    monitor = HealthMonitor(
        small_triton.grpc, Repository(tmp_path).resolve(["identity"]), small_triton.metrics
    )
    monitor.start()
    deadline = time.monotonic() + 10
    while "nonsense" not in monitor.wrong() and time.monotonic() < deadline:
        time.sleep(0.1)
    monitor.stop()
    assert "model 'identity' answers nonsense: its y is of shape [1, 16]" in monitor.wrong()


def test_health_and_canaries_get_the_answers_they_know(live_triton: Triton, vision_triton: Triton) -> None:
    """Both servers started, so every sample was answered; and the client asks its own."""
    for triton, wanted in ((live_triton, ["asr", "captions"]), (vision_triton, ["studio", "vision"])):
        with Client(triton.grpc) as client:
            health = client.health()
        assert sorted(model.name for model in health.models) == wanted
        assert health.ok, health


def test_the_client_s_samples_are_those_of_the_servers() -> None:
    root = Path(__file__).parents[2]
    client, repository = root / "clients" / "liveroom", root / "model_repository"
    speech = (client / "_speech.wav").read_bytes()
    assert speech.endswith((repository / "captions/warmup/speech").read_bytes())
    floats = np.frombuffer((repository / "waveform/warmup/speech").read_bytes(), np.float32)
    assert np.array_equal(floats * 32768, np.frombuffer(speech[-2 * len(floats) :], np.int16))
    short = (repository / "voice_activity/warmup/speech").read_bytes()
    assert short.startswith((repository / "denoise/warmup/speech").read_bytes())
    face = (client / "_face.jpg").read_bytes()
    assert (repository / "image_decoder/warmup/face").read_bytes() == len(face).to_bytes(4, "little") + face


def test_a_denoiser_that_takes_speech_for_noise_is_found_out(live_triton: Triton) -> None:
    found = Repository(Path(__file__).parents[2] / "model_repository").resolve(["denoise"])
    model = found["denoise"]
    with InferenceServerClient(live_triton.grpc) as client:
        Question(model, found).ask(client, 5)
    silence = {"audio_clean": np.zeros((1, 2048), np.float32)}
    with pytest.raises(NonsenseError, match=r"its audio_clean is of shape \[1, 2048\], at most 0, at 0"):
        check(model, found, [silence], known=True)
