"""The peer of `perf asr`: faster-whisper, int8 on the CPU. Runs in an environment of its own.

    python -P faster_whisper_peer.py MODEL_FOLDER THREADS

Says its versions on a line of JSON when the model is loaded; then answers lines until stdin ends, each with
{"texts", "seconds"}. A line is {"audio": .npy files of float32 at 16 kHz, "options": of `transcribe`,
"batch"}: without "batch" the files are transcribed one after the other by `WhisperModel`, with it together by
`BatchedInferencePipeline`, which takes one recording and the places of its parts.
"""

import json
import sys
import time
from importlib import metadata

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from numpy.typing import NDArray

RATE = 16_000
Floats = NDArray[np.float32]


def one_by_one(model: WhisperModel, clips: list[Floats], options: dict[str, object]) -> list[str]:
    """The text of each clip."""
    found = (model.transcribe(clip, **options)[0] for clip in clips)
    return ["".join(segment.text for segment in segments) for segments in found]  # it works while it is read


def together(
    pipeline: BatchedInferencePipeline, clips: list[Floats], options: dict[str, object], batch: int
) -> list[str]:
    """The text of each clip, from batches of that size.

    A clip on its own goes in as it is, and is cut by the pipeline's VAD, which is its default. Several become
    one recording whose parts they are.
    """
    if len(clips) == 1:
        segments, _ = pipeline.transcribe(clips[0], batch_size=batch, **options)
        return ["".join(segment.text for segment in segments)]
    ends = np.cumsum([len(clip) for clip in clips]) / RATE
    starts = [0.0, *ends[:-1]]
    parts = [{"start": float(start), "end": float(end)} for start, end in zip(starts, ends, strict=True)]
    audio = np.concatenate(clips)
    segments, _ = pipeline.transcribe(audio, batch_size=batch, clip_timestamps=parts, **options)
    texts = [""] * len(clips)
    for segment in segments:
        texts[int(np.searchsorted(ends, (segment.start + segment.end) / 2))] += segment.text
    return texts


def main() -> None:
    """Serves stdin."""
    folder, threads = sys.argv[1], int(sys.argv[2])
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)
    pipeline = BatchedInferencePipeline(model)
    versions = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2", "numpy")}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        clips = [np.load(file) for file in request["audio"]]
        options, batch = request["options"], request.get("batch")
        began = time.perf_counter()
        texts = together(pipeline, clips, options, batch) if batch else one_by_one(model, clips, options)
        print(json.dumps({"texts": texts, "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main()
