"""mediapipe's own solutions, as its users call them. Runs in an environment of its own.

    python -P mediapipe_peer.py

Says its versions on a line of JSON; then answers lines until stdin ends. A line is {"job", "pictures",
"out"}, of which `pictures` names a .npy file of RGB pictures, uint8 [N,H,W,3]. "short" and "full" detect
faces with that range and answer {"found": for each picture [[x1, y1, x2, y2, score], ...] in its pixels,
"ms": for each}; "matte" writes probabilities of a person, float32 [N,H,W], to the file `out`, and answers
{"ms"}.
"""

import json
import sys
import time
from importlib import metadata

import numpy as np
from mediapipe.python.solutions.face_detection import FaceDetection
from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
_RANGES = {"short": 0, "full": 1}


def detect(pictures: Pictures, detector: FaceDetection) -> dict[str, object]:
    """The faces of each picture, by mediapipe's default threshold (0.5)."""
    found, times = [], []
    height, width = pictures.shape[1:3]
    for picture in pictures:
        began = time.perf_counter()
        detections = detector.process(picture).detections or []
        times.append(1000 * (time.perf_counter() - began))
        faces = []
        for detection in detections:
            box = detection.location_data.relative_bounding_box
            corners = (box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height)
            sizes = (width, height, width, height)
            faces.append([*(at * size for at, size in zip(corners, sizes, strict=True)), detection.score[0]])
        found.append(faces)
    return {"found": found, "ms": times}


def matte(pictures: Pictures, segmenter: SelfieSegmentation, out: str) -> dict[str, object]:
    """How probably each pixel shows a person; the model for square pictures, which is mediapipe's default."""
    masks, times = [], []
    for picture in pictures:
        began = time.perf_counter()
        masks.append(segmenter.process(picture).segmentation_mask)
        times.append(1000 * (time.perf_counter() - began))
    np.save(out, np.stack(masks).astype(np.float32))
    return {"ms": times}


def main() -> None:
    """Serves stdin; each job begins with a fresh graph, which has seen no other picture."""
    print(json.dumps({name: metadata.version(name) for name in ("mediapipe", "numpy")}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        pictures, job = np.load(request["pictures"]), request["job"]
        if job == "matte":
            with SelfieSegmentation(model_selection=0) as segmenter:
                segmenter.process(pictures[0])  # what is made at the first call is not timed
                segmenter.reset()
                answer = matte(pictures, segmenter, request["out"])
        else:
            with FaceDetection(model_selection=_RANGES[job]) as detector:
                detector.process(pictures[0])
                detector.reset()
                answer = detect(pictures, detector)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
