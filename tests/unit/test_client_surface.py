"""What `import liveroom` offers, what it costs, and that the twins are twins."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable

import liveroom
import pytest


def test_exported_names_are_these_and_no_others() -> None:
    assert liveroom.__all__ == [
        "AsyncClient",
        "AsyncRoom",
        "AsyncStudioRoom",
        "AudioFile",
        "Caption",
        "Client",
        "DeadlineExceeded",
        "Effects",
        "Face",
        "FrameSeen",
        "Gallery",
        "Health",
        "InferenceFailed",
        "InvalidInput",
        "Limits",
        "LiveroomError",
        "Match",
        "Model",
        "ModelHealth",
        "ModelUnavailable",
        "NotAllowed",
        "Overloaded",
        "Retries",
        "Room",
        "RoomClosed",
        "ServerUnavailable",
        "StudioRoom",
        "Timeouts",
        "Transcript",
        "Vision",
        "read_audio",
    ]
    public = {
        name
        for name, value in vars(liveroom).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(liveroom.__all__)


def test_importing_it_brings_in_nothing_heavy() -> None:
    code = "import json, sys, liveroom, liveroom.cli; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    imported = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "liveroom" in imported
    heavy = {
        "torch",
        "onnx",
        "onnxruntime",
        "pytriton",
        "soxr",
        "tokenizers",
        "sounddevice",
        "PIL",
        "av",
        "cv2",
        "server",
        "exporters",
    }
    assert not imported & heavy


@pytest.mark.parametrize(
    ("asynchronous", "synchronous"),
    [
        (liveroom.AsyncClient, liveroom.Client),
        (liveroom.AsyncRoom, liveroom.Room),
        (liveroom.AsyncStudioRoom, liveroom.StudioRoom),
    ],
)
def test_twins_have_the_same_methods_and_parameters(asynchronous: type, synchronous: type) -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(value).parameters)
            for name, value in vars(cls).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }

    assert methods(asynchronous) == methods(synchronous)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: liveroom.Limits(unacknowledged=1),
            "Limits.unacknowledged is 1: expected a whole number, at least 2",
        ),
        (lambda: liveroom.Timeouts(audio=0), "Timeouts.audio is 0: expected seconds, more than 0"),
        (lambda: liveroom.Timeouts(end=float("nan")), "Timeouts.end is nan"),
        (lambda: liveroom.Retries(attempts=0), "Retries.attempts is 0"),
        (lambda: liveroom.Retries(backoff=-1.0), "Retries.backoff is -1.0"),
        (lambda: liveroom.AsyncClient("http://127.0.0.1:8000"), "expected host:port of Triton's gRPC"),
        (lambda: liveroom.AsyncClient("localhost"), "url is 'localhost'"),
    ],
)
def test_settings_are_checked_when_they_are_made(make: Callable[[], object], says: str) -> None:
    with pytest.raises(liveroom.InvalidInput) as caught:
        make()
    assert says in str(caught.value)


def test_a_caption_knows_its_tail() -> None:
    partial = liveroom.Caption("partial", "hello wor", "hello ", 0.0, 1.0, "en", 0.0)
    final = liveroom.Caption("final", "hello world", "hello ", 0.0, 1.0, "en", 0.0)
    assert (partial.tail, partial.is_final) == ("wor", False)
    assert (final.tail, final.is_final) == ("", True)
