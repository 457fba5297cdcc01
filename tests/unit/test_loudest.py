"""How loud float audio may be is one number, for the client and both models that take audio."""

import audio
import intake
from liveroom._config import LOUDEST


def test_the_limits_agree() -> None:
    assert LOUDEST == audio.LOUDEST == intake.LOUDEST
