"""What `import liveroom` offers, what it costs, and that the twins are twins."""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import liveroom
import liveroom.cli
import pytest


def test_exported_names_are_these_and_no_others() -> None:
    assert liveroom.__all__ == [
        "AsyncClient",
        "AsyncRoom",
        "AsyncStream",
        "AsyncStudioRoom",
        "AudioFile",
        "Caption",
        "Client",
        "ClientForked",
        "DamagedFile",
        "DeadlineExceeded",
        "Edited",
        "Effects",
        "Face",
        "FrameResult",
        "Gallery",
        "Health",
        "InferenceFailed",
        "InvalidInput",
        "Limits",
        "LiveroomError",
        "LostSpeech",
        "Match",
        "Model",
        "ModelHealth",
        "ModelUnavailable",
        "Moderated",
        "Moderation",
        "NotAllowed",
        "Overloaded",
        "Reason",
        "Response",
        "Retries",
        "Room",
        "RoomClosed",
        "RoomFailed",
        "RoomMood",
        "RoomTaken",
        "Sentiment",
        "ServerUnavailable",
        "Speech",
        "SpokenWord",
        "Stream",
        "StudioRoom",
        "Suggestion",
        "Timeouts",
        "Transcript",
        "Vision",
        "VoiceMood",
        "read_audio",
    ]
    public = {
        name
        for name, value in vars(liveroom).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(liveroom.__all__)


def test_it_says_which_version_it_is() -> None:
    assert liveroom.__version__ == version("liveroom")


def test_every_exception_that_is_raised_is_exported_and_explained() -> None:
    """Of its own; of others' only those that mean what Python means by them."""
    folder = Path(liveroom.__file__).parent
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    raised = {
        node.exc.func.id
        for node in nodes
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
    own = {
        node.name
        for node in nodes
        if isinstance(node, ast.ClassDef) and issubclass(_resolved(node.name), BaseException)
    }
    assert {"InvalidInput", "RoomTaken", "LostSpeech"} <= own
    own -= {"WrongUsage"}  # of the command alone
    assert own <= set(liveroom.__all__)
    assert all((getattr(liveroom, name).__doc__ or "").strip() for name in own)
    assert all(issubclass(getattr(liveroom, name), liveroom.LiveroomError) for name in own)
    others = {name for name in raised if issubclass(_resolved(name), BaseException)} - own - {"WrongUsage"}
    assert others == {"OSError", "TypeError", "SystemExit"}, "of files, of pickle, of the command's end"


def _resolved(name: str) -> type:
    """The class called `name` in the client or in Python; `object` where it is neither."""
    modules = [module for path, module in sys.modules.items() if path.split(".")[0] == "liveroom"]
    found = (vars(module).get(name) for module in [*modules, builtins])
    return next((value for value in found if isinstance(value, type)), object)


def test_the_docs_name_every_exception() -> None:
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    kinds = [name for name in liveroom.__all__ if _is_error(getattr(liveroom, name))]
    assert [name for name in kinds if f"`{name}`" not in page] == []


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, liveroom.LiveroomError)


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
        (liveroom.AsyncStream, liveroom.Stream),
        (liveroom.AsyncStudioRoom, liveroom.StudioRoom),
    ],
)
def test_twins_have_the_same_methods_and_parameters(asynchronous: type, synchronous: type) -> None:
    def methods(cls: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(value).parameters)
            for name, value in inspect.getmembers(cls, inspect.isfunction)
            if not name.startswith("_")
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
    ],
)
def test_settings_are_checked_when_they_are_made(make: Callable[[], object], says: str) -> None:
    with pytest.raises(liveroom.InvalidInput) as caught:
        make()
    assert says in str(caught.value)


def test_a_caption_knows_its_tail() -> None:
    partial = liveroom.Caption("partial", "hello wor", "hello ", 0.0, 1.0, "en", 0.0)
    final = liveroom.Caption("final", "hello world", "hello ", 0.0, 1.0, "en", 0.0)
    assert (partial.unstable, partial.is_final) == ("wor", False)
    assert (final.unstable, final.is_final) == ("", True)
