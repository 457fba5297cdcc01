"""Commands and programs of README.md, docs/ and examples/ work with the server that README.md starts."""

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
import soundfile
from PIL import Image

from evaluation import pictures
from evaluation.speech import MOONSHINE
from tests.docs import ENGLISH, ROOT, Page
from tooling.sources import Library

PAGES = {
    path.stem: Page.read(path) for path in ENGLISH if path.stem != "adding-a-model"
}  # that one is worked through in a copy of the project
COMMANDS = list(dict.fromkeys(command for page in PAGES.values() for command in page.commands()))
SERVER = [command for command in COMMANDS if command.startswith("python -m server")]
OTHERS = [command for command in COMMANDS if command not in SERVER]
(SHORT,), (LONG,) = (PAGES[name].code("python") for name in ("README", "service"))
*WITHOUT, _ = PAGES["protocol"].code(
    "python"
)  # the last one is of a gateway, see tests/unit/test_protocol_page.py
MAKE = {line.split()[1] for page in PAGES.values() for line in page.shown() if line.startswith("make ")}
LIMIT_S = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with speech.wav, ten seconds of English, and portrait.png, a picture of one person."""
    path = tmp_path_factory.mktemp("reader")
    recording = next(name for name in MOONSHINE.files if name.endswith("beckett.wav"))
    (path / "speech.wav").symlink_to(Library().path(MOONSHINE, recording))
    (path / "examples").symlink_to(ROOT / "examples")
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
    programs = [name for name, page in PAGES.items() if page.code("python")]
    assert programs == ["README", "chat", "protocol", "service", "speech", "store", "voice"]
    assert {"live", "cluster", "chaos", "test", "lint"} <= MAKE


@pytest.mark.parametrize("command", OTHERS)
def test_a_command_works(command: str, folder: Path, environment: dict[str, str]) -> None:
    words = shlex.split(command)
    printed = run(words, folder, environment)
    if "--out" in words:
        written = folder / words[words.index("--out") + 1]
        if written.suffix == ".srt":
            assert "00:00:0" in written.read_text()
        elif written.suffix == ".wav":
            assert soundfile.info(written).duration > 0.5
        else:
            with Image.open(folder / "portrait.png") as before, Image.open(written) as after:
                assert after.size == before.size
    elif "speech.wav" in words:
        assert "fail better" in printed.lower()
    if "--json" in words:
        assert [json.loads(line) for line in printed.splitlines()]


def test_the_short_program_works(folder: Path, environment: dict[str, str]) -> None:
    """As fast as it is served: the other one plays in real time."""
    program = SHORT.replace("127.0.0.1:8001", environment["LIVEROOM_URL"])
    fast = program.replace('play("speech.wav")', 'play("speech.wav", pace=0)')
    assert fast != program
    printed = run([sys.executable, "-c", fast], folder, environment).splitlines()
    assert re.match(r"Caption\(kind='final', text='Fail better\.'", printed[-1])


def test_the_program_that_speaks_works(folder: Path, environment: dict[str, str]) -> None:
    (program,) = PAGES["speech"].code("python")
    program = program.replace("127.0.0.1:8001", environment["LIVEROOM_URL"])
    printed = run([sys.executable, "-c", program], folder, environment)
    assert "'直播间'" in printed
    assert "'$5.99'" in printed


@pytest.mark.thorough
def test_the_program_works(folder: Path, environment: dict[str, str]) -> None:
    program = LONG.replace("127.0.0.1:8001", environment["LIVEROOM_URL"])
    printed = run([sys.executable, "-c", program], folder, environment)
    kinds = [line.split()[0] for line in printed.splitlines()]
    assert kinds.count("partial") >= 3
    assert kinds.count("final") >= 2
    assert "Fail better." in printed
    assert kinds.count("frame") >= 8
    assert "['happy']" in printed
    assert "frames dropped: 0" in printed


def test_the_program_of_chat_works(folder: Path, environment: dict[str, str]) -> None:
    (program,) = PAGES["chat"].code("python")
    printed = run(
        [sys.executable, "-c", program.replace("127.0.0.1:8001", environment["LIVEROOM_URL"])],
        folder,
        environment,
    )
    first, second = printed.splitlines()
    assert first == "what a great goal allow"
    assert second == "spoiler: he misses it hold has the word “spoiler”"


def test_the_programs_of_voices_work(folder: Path, environment: dict[str, str]) -> None:
    of_files, of_rooms = [
        run([sys.executable, "-c", program], folder, environment)
        for program in (
            each.replace("127.0.0.1:8001", environment["LIVEROOM_URL"]).replace(
                'play("speech.wav")', 'play("speech.wav", pace=0)'
            )
            for each in PAGES["voice"].code("python")
        )
    ]
    assert re.fullmatch(r"0\.\d\d [+-]\d\.\d\d\n", of_files)
    for line in of_rooms.splitlines():
        assert re.fullmatch(r"host [+-]\d\.\d\d [01]\.\d\d \{.*'voice': .*\} the host: voice .*", line), line
    assert of_rooms


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


def example(name: str, folder: Path, environment: dict[str, str], *arguments: str) -> str:
    return run([sys.executable, str(ROOT / "examples" / name), *arguments], folder, environment)


def test_an_example_captions_a_file(folder: Path, environment: dict[str, str]) -> None:
    printed = example("caption_file.py", folder, environment, "speech.wav")
    assert printed.startswith("1\n00:00:0")
    assert "fail better" in printed.lower()


def test_an_example_has_a_room_with_sound_and_frames(folder: Path, environment: dict[str, str]) -> None:
    printed = example("live_room.py", folder, environment, "speech.wav", "portrait.png", "4")
    kinds = [line.split()[1] for line in printed.splitlines()]
    assert "final" in kinds
    assert "fail better" in printed.lower()
    assert kinds.count("faces") == printed.count("['happy']") > 0


def test_an_example_moderates_chat_and_says_goodbye(folder: Path, environment: dict[str, str]) -> None:
    printed = example("moderate_chat.py", folder, environment, "examples/chat.csv", "goodbye.wav")
    decided = re.findall(r"^ *[\d.]+ (allow|hold|block) ", printed, re.MULTILINE)
    assert decided.count("hold") >= 2
    assert printed.count("what was held: ") == decided.count("hold")
    assert "block 加微信 abc12345" in printed
    assert "mood  the audience" in printed
    assert soundfile.info(folder / "goodbye.wav").duration > 1


@pytest.mark.thorough
def test_an_example_serves_five_rooms_of_which_a_refused_one_harms_none(
    folder: Path, environment: dict[str, str]
) -> None:
    speech, rate = soundfile.read(folder / "speech.wav", dtype="int16")
    soundfile.write(folder / "short.wav", speech[: 4 * rate], rate)
    printed = example("service.py", folder, environment, "short.wav")
    words = dict(re.findall(r"^(\w+): (\d+) words$", printed, re.MULTILINE))
    assert set(words) == {"lobby", "kitchen", "studio", "garage"}
    assert all(int(count) >= 2 for count in words.values())
    assert re.search(r"^attic: InvalidInput: .*klingon", printed, re.MULTILINE)


def test_an_example_in_another_language_transcribes_by_the_proto_alone(
    folder: Path, environment: dict[str, str]
) -> None:
    if "HTTP2" not in run(["curl", "--version"], folder, environment):
        pytest.skip("this curl has no HTTP/2")
    protoc = {"PROTOC": f"{sys.executable} -m grpc_tools.protoc"}
    program = str(ROOT / "examples" / "transcribe.sh")
    assert "fail better" in run([program, "speech.wav"], folder, environment | protoc).lower()


@pytest.mark.parametrize("target", sorted(MAKE))
def test_a_make_target_exists(target: str) -> None:
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, timeout=LIMIT_S)
