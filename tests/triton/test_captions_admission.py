"""Whose room it is: what `captions` makes of a gateway's metadata, how many rooms it takes, its metrics."""

import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.speech import Clip
from server import Triton
from server.model_packages import SHARED
from tests import signals
from tests.triton.conftest import PROJECT
from tests.triton.rooms import RawRoom

Corpus = dict[str, Clip]


def test_rooms_of_two_tenants_may_have_one_name(live_triton: Triton, corpus: Corpus) -> None:
    """Neither hears the other, nor notices that it ends."""
    hello, fox = corpus["en-hello_world"].audio, corpus["en-quick_brown_fox"].audio
    with (
        RawRoom(live_triton.grpc, "a secret", x_tenant="one", x_room_id="same") as one,
        RawRoom(live_triton.grpc, "another", x_tenant="two", x_room_id="same") as two,
    ):
        one.read(one.chunk(hello[:8000], 0.0, start=True))
        two.read(two.chunk(fox[:8000], 0.0, start=True))
        one.chunk(hello[8000:], 0.5)
        said = two.read(two.chunk(fox[8000:], 0.5, end=True))
        assert not any(answer.error for answer in said)
        final = " ".join(answer.text for answer in said if answer.kind == "final").lower()
        assert "fox" in final
        assert "hello" not in final
        heard = one.read(one.chunk(signals.silence(0.1), 2.0, end=True))
        assert not any(answer.error or "fox" in answer.text for answer in heard)
        assert "hello" in " ".join(answer.text for answer in heard if answer.kind == "final").lower()


def test_a_stream_is_not_heard_in_a_room_that_another_one_has_begun(live_triton: Triton) -> None:
    """Of one tenant, who gave two rooms one id: the first is told so, and the second goes on."""
    quiet = signals.silence(0.5)
    with (
        RawRoom(live_triton.grpc, "a secret", x_tenant="one", x_room_id="twice") as first,
        RawRoom(live_triton.grpc, "another", x_tenant="one", x_room_id="twice") as second,
    ):
        first.read(first.chunk(quiet, 0.0, start=True))
        second.read(second.chunk(quiet, 0.0, start=True))
        assert first.read(first.chunk(quiet, 0.5))[-1].code == "room_taken"
        assert not second.read(second.chunk(quiet, 0.5, end=True))[-1].error


def test_who_loses_a_room_to_another_stream_is_told(live_triton: Triton) -> None:
    quiet = signals.silence(0.5)
    with RawRoom(live_triton.grpc, "wanted") as first, RawRoom(live_triton.grpc, "wanted") as second:
        first.read(first.chunk(quiet, 0.0, start=True))
        earlier, pending = first.chunk(quiet, 0.5), first.chunk(quiet, 1.0)
        first.read(earlier)  # answered once the one after it is heard
        assert not second.read(second.chunk(quiet, 0.0, start=True))[-1].error
        assert first.read(pending)[-1].code == "room_taken"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LIVEROOM_MAX_ROOMS", "many", "LIVEROOM_MAX_ROOMS is 'many'; it must be a whole number, at least 1"),
        ("LIVEROOM_TENANT_SHARE", "2", "LIVEROOM_TENANT_SHARE is '2'; it must be a share of the rooms"),
        ("LIVEROOM_TENANT_CLASSES", "paid,Free!", "LIVEROOM_TENANT_CLASSES is 'paid,Free!'; it must be"),
        ("LIVEROOM_TENANT_CLASSES", "a,b,c,d,e,f,g,h,i", "it must be at most 8 names such as paid,free"),
    ],
)
def test_an_impossible_bound_is_said_in_words(name: str, value: str, says: str) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import types\n"
        "sys.modules['triton_python_backend_utils'] = types.ModuleType('triton_python_backend_utils')\n"
        "from serving_common.metrics import Classes\n"
        "from captions.admission import Admission\n"
        "said = {'max_rooms': '4', 'tenant_share': '1.0', 'tenant_classes': ''}\n"
        "parameters = {name: {'string_value': value} for name, value in said.items()}\n"
        "Classes(parameters)\n"
        "Admission(parameters)\n"
    )
    folders = [SHARED, Path(PROJECT) / "model_repository/captions/1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *folders], env={name: value}, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1].startswith("ValueError: ")
    assert says in done.stderr
