"""What commands print: whatever a terminal can write, however narrow it is, and whoever stops reading."""

import os
import subprocess
import sys

import pytest


def test_a_table_is_printed_whatever_the_terminal_can_write() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "exporters", "--list"],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("ascii")
    assert "Traceback" not in done.stderr.decode("ascii")
    assert "whisper" in done.stdout.decode("ascii")
    assert "..." not in done.stdout.decode("ascii"), "names are whole"


def test_text_is_replaced_and_json_is_utf8_where_the_encoding_lacks_a_character() -> None:
    said = []
    for as_json in (False, True):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from tooling.terminal import write_any_text as write;"
                f" write(as_json={as_json}); print('广州 ö')",
            ],
            env=os.environ | {"PYTHONIOENCODING": "gbk"},
            capture_output=True,
            check=True,
        )
        said.append(done.stdout.strip())
    assert said == ["广州 ?".encode("gbk"), "广州 ö".encode()]


@pytest.mark.parametrize("command", [("exporters", "--list", "--json"), ("k8s", "render", "local")])
def test_who_stops_reading_ends_it_quietly(command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", *command], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (141, "")
