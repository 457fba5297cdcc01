"""Servers for the tests: each is started once and shared by the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation import pictures
from evaluation.pictures import Photo
from evaluation.speech import Clip, clips
from server import Triton
from tests import models

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with every small model of tests/models.py."""
    repository = tmp_path_factory.mktemp("repository")
    for write in models.ALL:
        write(repository)
    models.counter(repository, "unbatched_counter", batch=0)
    return repository


@pytest.fixture(scope="session")
def small_triton(small_models: Path) -> Iterator[Triton]:
    """A server with the small models."""
    with Triton(small_models, drain_s=0) as triton:
        yield triton


@pytest.fixture(scope="session")
def tenant_classes() -> Iterator[tuple[str, ...]]:
    """The classes of tenants that metrics of the servers below tell apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEROOM_TENANT_CLASSES", "paid,free")
        yield "paid", "free"


@pytest.fixture(scope="session")
def live_triton(
    tmp_path_factory: pytest.TempPathFactory, tenant_classes: tuple[str, ...]
) -> Iterator[Triton]:
    """A server with `captions` and all it requires, out of the real repository as the exporters left it."""
    log = tmp_path_factory.mktemp("live") / "triton.log"
    with Triton(PROJECT / "model_repository", ["captions"], drain_s=0, log_file=log) as triton:
        yield triton


@pytest.fixture(scope="session")
def vision_triton(
    tmp_path_factory: pytest.TempPathFactory, tenant_classes: tuple[str, ...]
) -> Iterator[Triton]:
    """A server with `vision`, `studio` and all they require, out of the real repository."""
    log = tmp_path_factory.mktemp("vision") / "triton.log"
    with Triton(PROJECT / "model_repository", ["vision", "studio"], drain_s=0, log_file=log) as triton:
        yield triton


@pytest.fixture(scope="session")
def text_triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server with the models for text, out of the real repository."""
    log = tmp_path_factory.mktemp("text") / "triton.log"
    models = ["text_encoder", "chat", "voice_mood", "captions"]
    with Triton(PROJECT / "model_repository", models, drain_s=0, log_file=log) as triton:
        yield triton


@pytest.fixture(scope="session")
def platform_triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    """A server with what platforms announce and ask for, and a store of its own."""
    log = tmp_path_factory.mktemp("platform") / "triton.log"
    models = ["catalog", "outcomes"]
    with Triton(PROJECT / "model_repository", models, drain_s=0, log_file=log) as triton:
        yield triton


@pytest.fixture(scope="session")
def photos() -> dict[str, Photo]:
    """Real photos by name, with and without faces."""
    return {photo.name: photo for photo in pictures.photos()}


@pytest.fixture(scope="session")
def corpus() -> dict[str, Clip]:
    """Recorded speech with transcripts by name, Chinese and English."""
    return {clip.name: clip for clip in clips()}
