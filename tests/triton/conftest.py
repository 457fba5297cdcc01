"""Servers for the tests: each is started once and shared by the whole session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server import Triton
from tests import models


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
