"""Whatever is sent to models of pictures through the gateway is answered, and nothing dies."""

from collections.abc import Iterator

import pytest

from server import Triton
from tests.triton.attack import SEED, SLOW, Target, behind_a_gateway, send_many


@pytest.fixture(scope="module")
def target(vision_triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """`vision`, `studio` and all that they require."""
    with behind_a_gateway(vision_triton, tmp_path_factory.mktemp("pictures")) as found:
        yield found


@pytest.mark.thorough
def test_they_answer_anything(target: Target) -> None:
    send_many(target, 1000, SEED)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_they_answer_50_000(target: Target) -> None:
    """Half of MALFORMED_REQUESTS, if it is set; MALFORMED_SEED gives others."""
    send_many(target, SLOW, SEED + 1)
