"""The README's commands and program, and those of docs/protocol.md, work with the server that it starts."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from exporters import pictures
from exporters.sources import Library
from exporters.speech import MOONSHINE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.split("\n")
    if line
]
SERVER = [command for command in COMMANDS if command.startswith("python -m server")]
OTHERS = [command for command in COMMANDS if command not in SERVER]
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
*WITHOUT, _ = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "protocol.md").read_text("utf-8"), re.DOTALL
)  # the last one is of a gateway, see tests/unit/test_protocol_page.py
MAKE = re.findall(r"^    make ([a-z]+)", README, re.MULTILINE)
LIMIT_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with speech.wav, ten seconds of English, and portrait.png, a picture of one person."""
    path = tmp_path_factory.mktemp("reader")
    recording = next(name for name in MOONSHINE.files if name.endswith("beckett.wav"))
    (path / "speech.wav").symlink_to(Library().path(MOONSHINE, recording))
    (path / "portrait.png").symlink_to(next(p.path for p in pictures.photos() if p.name == "astronaut"))
    return path


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a reader's shell has, once the server of the README is ready."""
    log = tmp_path_factory.mktemp("log") / "triton.log"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    (command,) = SERVER
    more = ["--grpc-port", "0", "--metrics-port", "0", "--json", "--log-file", str(log)]
    with subprocess.Popen(
        [*shlex.split(command), *more],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        yield os.environ | {"PATH": path, "LIVEROOM_URL": ready["grpc"], "PYTHONPATH": str(ROOT)}
        server.send_signal(signal.SIGTERM)
        assert server.wait(LIMIT_S) == 0


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_has_what_this_test_is_about() -> None:
    assert len(SERVER) == 1
    assert len(OTHERS) >= 12
    assert len(PROGRAMS) == 1
    assert {"live", "test", "lint"} <= set(MAKE)


@pytest.mark.parametrize("command", OTHERS)
def test_a_command_works(command: str, folder: Path, environment: dict[str, str]) -> None:
    printed = run(shlex.split(command), folder, environment)
    if "speech.wav" in command and "--out" not in command:
        assert "fail better" in printed.lower()
    if "--json" in command:
        assert [json.loads(line) for line in printed.splitlines()]


def test_subtitles_were_written(folder: Path, environment: dict[str, str]) -> None:
    command = next(command for command in OTHERS if "--out" in command)
    run(shlex.split(command), folder, environment)
    assert "00:00:0" in (folder / "speech.srt").read_text()


def test_pictures_were_written(folder: Path, environment: dict[str, str]) -> None:
    for command in (command for command in OTHERS if "portrait.png" in command and "--out" in command):
        run(shlex.split(command), folder, environment)
    with Image.open(folder / "portrait.png") as before, Image.open(folder / "out.png") as after:
        assert after.size == before.size
    with Image.open(folder / "annotated.png") as annotated:
        assert annotated.size == before.size


def test_the_program_works(folder: Path, environment: dict[str, str]) -> None:
    program = PROGRAMS[0].replace("127.0.0.1:8001", environment["LIVEROOM_URL"])
    printed = run([sys.executable, "-c", program], folder, environment)
    kinds = [line.split()[0] for line in printed.splitlines()]
    assert kinds.count("partial") >= 3
    assert kinds.count("final") >= 2
    assert "Fail better." in printed
    assert kinds.count("faces") >= 8
    assert "['happy']" in printed
    assert "frames dropped: 0" in printed


def test_the_programs_without_our_client_work(folder: Path, environment: dict[str, str]) -> None:
    program = "\n".join(WITHOUT).replace("127.0.0.1:8001", environment["LIVEROOM_URL"])
    said = run([sys.executable, "-c", program], folder, environment).splitlines()
    assert "fail better" in next(line for line in said if line.startswith("asr:")).lower()
    assert "vision: (1, 1, 4)" in said
    assert "studio: True" in said
    finals = [line for line in said if line.startswith("room: final")]
    assert "fail better" in finals[-1].lower()
    assert "request 1 acknowledged" in said
    assert any(re.match(r"request 2 refused: pts 1\.000 s lies before 2\.000 s", line) for line in said)
    assert said[-1] == "request 3 acknowledged"


@pytest.mark.parametrize("target", sorted(set(MAKE)))
def test_a_make_target_exists(target: str) -> None:
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, timeout=LIMIT_S)
