"""What commands print in a terminal whose encoding lacks some of the characters."""

import os
import subprocess
import sys


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
