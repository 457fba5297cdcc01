"""How loud float audio may be is one number, for the client and the models that take audio."""

from liveroom._config import LOUDEST

from serving_common import speech


def test_the_limits_agree() -> None:
    assert LOUDEST == speech.LOUDEST
