"""The peer of `perf asr`: faster-whisper, int8 on the CPU. Runs in an environment of its own.

    python -P faster_whisper_peer.py MODEL_FOLDER THREADS

Says its versions on a line of JSON when the model is loaded; then answers each line {"audio": a .npy file
of float32 at 16 kHz, "options": of `WhisperModel.transcribe`} with {"text", "seconds"}, until stdin ends.
"""

import json
import sys
import time
from importlib import metadata

import numpy as np
from faster_whisper import WhisperModel


def main() -> None:
    """Serves stdin."""
    folder, threads = sys.argv[1], int(sys.argv[2])
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)
    versions = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2", "numpy")}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        audio = np.load(request["audio"])
        began = time.perf_counter()
        segments, _ = model.transcribe(audio, **request["options"])
        text = "".join(segment.text for segment in segments)  # it works while it is read
        print(json.dumps({"text": text, "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
