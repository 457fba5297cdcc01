"""facenet-pytorch's MTCNN with its own settings. Runs on the project's torch, its package found elsewhere.

    PYTHONPATH=... python -P facenet_peer.py THREADS

Of torchvision, whose wheels need the torch they were built with, MTCNN uses one function: `batched_nms`,
which OpenCV does here. Says its versions on a line of JSON; then answers lines until stdin ends, each
{"pictures": a .npy file of RGB pictures, uint8 [N,H,W,3]} with {"found": for each picture
[[x1, y1, x2, y2, score], ...] in its pixels, "ms": for each}.
"""

import json
import sys
import time
import types
from importlib import metadata

import cv2
import numpy as np
import torch


def batched_nms(
    boxes: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor, iou_threshold: float
) -> torch.Tensor:
    """Indices of the boxes [N,4] that are kept, best first; boxes of different groups do not compete."""
    if len(boxes) == 0:
        return torch.zeros(0, dtype=torch.int64)
    apart = boxes + (groups.to(boxes) * (boxes.max() + 1))[:, None]
    corners = apart.numpy().astype(np.float64)
    sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, iou_threshold)
    return torch.as_tensor(np.asarray(kept, np.int64).reshape(-1))


def _stand_in() -> None:
    """Puts what facenet-pytorch imports of torchvision in its place."""
    names = ("torchvision", "torchvision.ops", "torchvision.ops.boxes", "torchvision.transforms")
    sys.modules.update({name: types.ModuleType(name) for name in names})
    setattr(sys.modules["torchvision.ops.boxes"], "batched_nms", batched_nms)  # noqa: B010 - a module has none
    setattr(sys.modules["torchvision.transforms"], "functional", None)  # noqa: B010 - cropping is not used


def main() -> None:
    """Serves stdin."""
    _stand_in()
    from facenet_pytorch import MTCNN  # noqa: PLC0415 - it imports what stands in

    torch.set_num_threads(int(sys.argv[1]))
    detector = MTCNN(keep_all=True, device="cpu")
    versions = {"facenet-pytorch": metadata.version("facenet-pytorch"), "torch": torch.__version__}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        pictures = np.load(json.loads(line)["pictures"])
        detector.detect(pictures[0])  # what is made at the first call is not timed
        found, times = [], []
        for picture in pictures:
            began = time.perf_counter()
            boxes, scores = detector.detect(picture)
            times.append(1000 * (time.perf_counter() - began))
            faces = [] if boxes is None else [[*map(float, box), float(p)] for box, p in zip(boxes, scores)]  # noqa: B905
            found.append(faces)
        print(json.dumps({"found": found, "ms": times}), flush=True)


if __name__ == "__main__":
    main()
