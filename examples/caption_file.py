"""Subtitles of a recording, as in `python examples/caption_file.py speech.wav > speech.srt`."""

import os
import sys

import liveroom
from liveroom.subtitles import SrtWriter


def main(recording: str) -> None:
    """Plays the recording into a room, as fast as it is served, and writes final captions as they come."""
    subtitles = SrtWriter(sys.stdout)
    with liveroom.Client(os.environ.get("LIVEROOM_URL", "127.0.0.1:8001")) as client:
        for caption in client.captions(recording, language="auto"):
            if caption.is_final:
                subtitles.write(caption)


if __name__ == "__main__":
    main(*sys.argv[1:])
