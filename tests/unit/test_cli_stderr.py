"""Our stderr is ours alone: what decoders write to it is not seen, and no word of ours is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from tests.unit.peer import Peer

LIVEROOM = [sys.executable, "-c", "import sys; from liveroom.cli import main; sys.exit(main())"]
WORDS = """
import os, sys, threading
from liveroom.cli._stderr import libraries_silenced
with libraries_silenced():
    os.write(2, b"Note: Trying to resync...\\n")
    speaking = threading.Thread(target=lambda: print("ours", file=sys.stderr))
    speaking.start()
    speaking.join()
    failing = threading.Thread(target=lambda: 1 / 0)
    failing.start()
    failing.join()
os.write(2, b"afterwards\\n")
raise ValueError("at the end")
"""


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Two seconds as MP3, with nonsense in the middle."""
    file = tmp_path / "damaged.mp3"
    with av.open(str(file), "w") as container:
        track = container.add_stream("mp3", rate=16_000)
        tone = np.sin(np.arange(32_000, dtype=np.float32) * 0.2)[None] * np.float32(0.5)
        sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        sound.sample_rate = 16_000
        container.mux([*track.encode(sound), *track.encode()])
    data = bytearray(file.read_bytes())
    third = len(data) // 3
    data[third : third + 400] = bytes(place * 37 % 256 for place in range(400))
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("command", [["transcribe", "--json"], ["captions", "--json", "--pace", "0"]])
async def test_a_damaged_mp3_leaves_no_lines_of_a_library_on_stderr(
    damaged: Path, command: list[str]
) -> None:
    async with Peer().listening() as url:
        process = await asyncio.create_subprocess_exec(
            *LIVEROOM, *command, str(damaged), "--url", url, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _, error = await asyncio.wait_for(process.communicate(), 30)
    assert b"resync" not in error
    assert b"MPEG" not in error
    assert all(line.startswith(b"{") for line in error.splitlines())


def test_words_and_tracebacks_of_ours_are_kept() -> None:
    said = subprocess.run(
        [sys.executable, "-c", WORDS], capture_output=True, text=True, check=False, timeout=30
    ).stderr
    assert "resync" not in said
    for ours in ("ours\n", "ZeroDivisionError", "afterwards\n", "ValueError: at the end"):
        assert ours in said
