"""What a pool of processes sends about: results and errors arrive, and clients say that they stay."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import liveroom
import pytest
from liveroom import AsyncClient, Client, Edited, Effects, LiveroomError

ERRORS = [
    kind
    for kind in (getattr(liveroom, name) for name in liveroom.__all__)
    if isinstance(kind, type) and issubclass(kind, LiveroomError)
]


@pytest.mark.parametrize("again", [pickle.dumps, copy.copy, copy.deepcopy])
def test_clients_and_rooms_say_that_they_stay_where_they_are(again: Callable[[object], object]) -> None:
    client, asynchronous = Client("127.0.0.1:1"), AsyncClient("127.0.0.1:1")
    effects = Effects(blur=1.0)
    rooms = client.room("a"), client.studio_room("a", effects)
    more = asynchronous.room("a"), asynchronous.studio_room("a", effects)
    for each in (client, asynchronous, *rooms, *more):
        with pytest.raises(TypeError, match=f"{type(each).__name__} of liveroom .*: make one there"):
            again(each)
    client.close()


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_arrive_as_they_were_raised(kind: type[LiveroomError]) -> None:
    arrived = pickle.loads(pickle.dumps(kind("says this")))  # noqa: S301 - it was made here
    assert type(arrived) is kind
    assert str(arrived) == "says this"


def test_an_edited_picture_arrives_with_its_doubt() -> None:
    arrived = pickle.loads(pickle.dumps(Edited(b"a picture", doubt=0.5)))  # noqa: S301 - it was made here
    assert arrived == b"a picture"
    assert arrived.doubt == 0.5
