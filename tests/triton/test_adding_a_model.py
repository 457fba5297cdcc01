"""docs/adding-a-model.md, block by block in a copy of the project: its model is served, called and known."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("adding-a-model.md", "adding-a-model.zh.md")
)
BLOCK = re.compile(r"(?:^\*\*`([^`]+)`\*\*\n\n)?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = (".*", "__pycache__", "build", "dist", "*.onnx", "manifest.json", "tokenizer.json")
CHECKS = ("tests/unit/test_public_models.py", "tests/unit/test_model_repository_readme.py")
LIMIT_S = 120


@dataclass
class Project:
    """A copy of the project that follows the page."""

    folder: Path
    environment: dict[str, str]
    server: subprocess.Popen[str] | None = None
    printed: dict[str, str] = field(default_factory=dict)
    """By the first words of a command, or "program"."""

    def do(self, path: str, kind: str, text: str) -> None:
        """What one block of the page says."""
        if kind == "diff":
            self.edit(self.folder / path, text)
        elif path:
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            assert not file.exists(), f"{path} is there already"
            file.write_text(text, encoding="utf-8")
        elif kind == "console":
            for command in text.splitlines():
                self.command(command)
        elif kind == "python":
            program = text.replace("127.0.0.1:8001", self.environment["LIVEROOM_URL"])
            self.printed["program"] = self.run([sys.executable, "-c", program])

    def edit(self, file: Path, diff: str) -> None:
        """Replaces the lines of a diff that are there by those that should be."""
        lines = diff.splitlines(keepends=True)
        before, after = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
        content = file.read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{file.name} has {content.count(before)} times:\n{before}"
        file.write_text(content.replace(before, after), encoding="utf-8")

    def command(self, command: str) -> None:
        """Runs a command of the page, a server in the background."""
        if command.startswith("python -m server"):
            ports = ["--grpc-port", "0", "--metrics-port", "0", "--json"]
            self.server = subprocess.Popen(
                [*shlex.split(command), *ports],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self.server.stdout is not None
            ready = json.loads(self.server.stdout.readline())
            self.environment["LIVEROOM_URL"] = ready["grpc"]
            self.printed["server"] = " ".join(ready["models"])
        else:
            self.printed[" ".join(command.split()[:3])] = self.run(shlex.split(command))

    def run(self, command: list[str], code: int = 0) -> str:
        """What it prints."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def forgotten(self) -> str:
        """What the tests say that compare lists of models."""
        return self.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHECKS], code=1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of what is committed, before the page's first block."""
    folder = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{folder}:{folder / 'clients'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    copy = Project(folder, environment)
    yield copy
    if copy.server is not None:
        copy.server.send_signal(signal.SIGTERM)
        assert copy.server.wait(LIMIT_S) == 0


def test_the_page_adds_a_model(project: Project) -> None:
    blocks = [(path, kind, text) for path, kind, text in BLOCK.findall(ENGLISH)]
    first_edit = next(number for number, (_, kind, _) in enumerate(blocks) if kind == "diff")
    for block in blocks[:first_edit]:
        project.do(*block)
    assert project.printed["server"] == "room_energy"
    assert re.search(r" (1\.|0\.9\d*)\]\]", project.printed["program"]), "a peak"
    said = project.forgotten()
    elsewhere = [path for path, kind, _ in blocks if kind == "diff" and "/_client.py" not in path]
    for path in (each for each in elsewhere if "_sync" not in each):
        assert re.search(rf"{re.escape(path)}:\d+: .*", said), said
    for block in blocks[first_edit:]:
        project.do(*block)
    assert "room_energy" in project.printed["liveroom health"]
    assert "passed" in project.printed["python -m pytest"]
    assert "room_energy" in project.printed["python -m perf"]
    project.run(["ruff", "check", "exporters/room_energy", "clients/liveroom"])


def test_the_count_of_edits_is_that_of_the_blocks() -> None:
    edited = {path for path, kind, _ in BLOCK.findall(ENGLISH) if kind == "diff"}
    counted = re.findall(r"^\| edit \d \| `([^`]+)`", ENGLISH, re.MULTILINE)
    assert edited == {"clients/liveroom/_client.py", "clients/liveroom/_sync.py", *counted}
    assert len(counted) <= 3
    created = {path for path, kind, _ in BLOCK.findall(ENGLISH) if path and kind != "diff"}
    folders = {str(Path(path).parent) for path in created} - {"build"}
    assert folders == {"exporters/room_energy", "model_repository/room_energy"}


def test_both_languages_have_the_same_blocks_tables_and_sections() -> None:
    assert BLOCK.findall(CHINESE) == BLOCK.findall(ENGLISH)
    for pattern in (r"^#+ ", r"^\|"):
        assert len(re.findall(pattern, ENGLISH, re.MULTILINE)) == len(
            re.findall(pattern, CHINESE, re.MULTILINE)
        )
    assert set(re.findall(r"`([a-z_/.]+)`", ENGLISH)) == set(re.findall(r"`([a-z_/.]+)`", CHINESE))
