"""WhisperLive's server. Runs in an environment of its own.

    python -P whisper_live_server.py MODEL_FOLDER PORT ROOMS

As its README has it for more clients than one: one model for all, and batch inference, which decodes greedily
as ours does. https://github.com/collabora/WhisperLive#batch-inference
"""

import sys

from whisper_live.server import TranscriptionServer

LONGEST_S = 600


def main() -> None:
    """Serves until it is ended."""
    folder, port, rooms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    TranscriptionServer().run(
        "127.0.0.1",
        port=port,
        backend="faster_whisper",
        faster_whisper_custom_model_path=folder,
        single_model=True,
        max_clients=rooms,
        max_connection_time=LONGEST_S,
        batch_enabled=True,
        batch_max_admissions_per_s=1000.0,
    )


if __name__ == "__main__":
    main()
