"""Triton model `faces`: a frame -> its faces, and whether it is safe, by calls to the networks.

Requests are taken off Triton's hands at once and answered from threads, one a frame, that mostly wait for
networks: so the faces of all rooms meet in the networks' batches, and a frame with many holds up no other.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore

import cv2
import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from faces.bls import run
from faces.detection import DETECTORS, Detector
from faces.frame import Frame
from faces.geometry import Floats, Pixels
from faces.meters import BUSY, CANCELLED, FAILED, INVALID, Meters
from serving_common.error_codes import Code
from serving_common.errors import CallError, RefusedError, refusal

NOTHING: dict[str, Floats] = {
    "boxes": np.zeros((0, 4), np.float32),
    "scores": np.zeros(0, np.float32),
    "landmarks": np.zeros((0, 5, 2), np.float32),
    "embeddings": np.zeros((0, 128), np.float32),
    "expressions": np.zeros((0, 7), np.float32),
    "meshes": np.zeros((0, 468, 3), np.float32),
    "nsfw": np.full(1, np.nan, np.float32),
}
"""The outputs where there is no face, or where they are not wanted."""

LONGEST_TEXT = 200
"""Bytes that `detector` and `wanted` are read up to; all names of both have fewer."""

Tensors = Mapping[str, NDArray[np.generic]]
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class TritonPythonModel:
    """One instance: all frames under way."""

    def initialize(self, args: dict[str, str]) -> None:
        """Start the threads: three a frame, as up to three networks are asked at the same time."""
        config = json.loads(args["model_config"])
        parameters = {key: str(value["string_value"]) for key, value in config["parameters"].items()}
        self._detector = DETECTORS[parameters["detector"]]
        self._most_faces, self._most_frames = int(parameters["max_faces"]), int(parameters["max_frames"])
        self._room = BoundedSemaphore(self._most_frames)
        self._frames = ThreadPoolExecutor(self._most_frames, "frame")
        self._asides = ThreadPoolExecutor(2 * self._most_frames, "aside")
        self._meters = Meters(config["parameters"])
        cv2.setNumThreads(1)

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> None:
        """Begin with frames; the answers come later, through their senders."""
        for request in requests:
            sender = request.get_response_sender()
            if self._room.acquire(blocking=False):
                self._frames.submit(self._serve, request, sender)
            else:
                self._count(request, BUSY)
                busy = f"{self._most_frames} frames are under way, all it takes: send fewer at a time"
                sender.send(refusal(Code.OVERLOADED, busy), flags=FINAL)

    def finalize(self) -> None:
        """Finish what is under way."""
        self._frames.shutdown()
        self._asides.shutdown()
        self._meters.close()

    def _serve(self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender) -> None:
        try:
            outputs = NOTHING | self._outputs(request, sender)
            answer = [pb_utils.Tensor(n, outputs[n][None]) for n in request.requested_output_names()]
            sender.send(pb_utils.InferenceResponse(answer), flags=FINAL)
            self._count(request)
        except (RefusedError, CallError) as error:
            self._count(request, _reason(error))
            sender.send(refusal(error.code, str(error)), flags=FINAL)
        except Exception as error:  # a request without an answer would never end
            self._count(request, FAILED)
            what = f"{type(error).__name__}: {error}"
            sender.send(refusal(Code.INFERENCE_FAILED, what), flags=FINAL)
        finally:
            self._room.release()

    def _outputs(
        self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender
    ) -> dict[str, Floats]:
        """The outputs that are wanted, without batch axis; those of single faces only where there are any."""
        batches = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        if missing := {"frame", "size"} - batches.keys():  # Triton only counts inputs where some are optional
            raise _invalid(f"{' and '.join(sorted(missing))} is missing")
        if not all(map(len, batches.values())):
            raise _invalid("frame is a batch of none: send one")
        tensors = {name: batch[0] for name, batch in batches.items()}
        wanted = _wanted(tensors) & frozenset(request.requested_output_names())
        detector = _detector(_text(tensors["detector"])) if "detector" in tensors else self._detector
        frame = _frame(tensors)
        outputs, asked = {}, {}
        if "nsfw" in wanted and "safety_view" in tensors:
            view = np.asarray(tensors["safety_view"], np.uint8)
            asked["nsfw"] = self._ask("nsfw", [view], "probability")
        faces = frame.find(detector, self._most_faces) if wanted - {"nsfw"} else []
        if sender.is_cancelled():
            raise RefusedError(Code.CANCELLED, "the request was cancelled")
        if faces and "embeddings" in wanted:
            asked["embeddings"] = self._ask("face_embedder", frame.chips(faces), "embedding")
        if faces and "expressions" in wanted:
            (outputs["expressions"],) = run(
                "face_expression", frame.expression_views(faces), ["probabilities"]
            )
        outputs |= frame.describe(faces) | {name: answer.result() for name, answer in asked.items()}
        if "nsfw" in asked:
            outputs["nsfw"] = outputs["nsfw"][0]
        return outputs

    def _count(self, request: pb_utils.InferenceRequest, dropped: str = "") -> None:
        """Tell the metrics of a frame of `vision`, and why it was dropped if it was."""
        began = next((tensor.as_numpy() for tensor in request.inputs() if tensor.name() == "began"), None)
        if began is None or not began.size:
            return
        tenants = self._meters.classes.of(json.loads(request.parameters() or "{}"))
        if dropped:
            self._meters.dropped(tenants, dropped)
        else:
            self._meters.answered(tenants, int(began[0, 0]))

    def _ask(self, model: str, images: Sequence[Pixels], output: str) -> Future[Floats]:
        """A network's answer, waited for by another thread."""
        return self._asides.submit(lambda: run(model, images, [output])[0])


def _frame(tensors: Tensors) -> Frame:
    try:
        width, height = tensors["size"].tolist()
        return Frame(np.asarray(tensors["frame"], np.uint8), (width, height), run)
    except ValueError as error:
        raise _invalid(str(error)) from error


def _detector(name: str) -> Detector:
    if name not in DETECTORS:
        raise _invalid(f"detector is '{name}'; it must be one of {', '.join(DETECTORS)}")
    return DETECTORS[name]


def _wanted(tensors: Tensors) -> frozenset[str]:
    """Outputs that have to be made: an ensemble requests all, whatever is requested of itself."""
    if "wanted" not in tensors:
        return frozenset(NOTHING)
    text = _text(tensors["wanted"])
    wanted = frozenset(text.replace(",", " ").split())
    if not wanted or wanted - frozenset(NOTHING):
        raise _invalid(f"wanted is '{text}'; it must be one or more of {', '.join(NOTHING)}")
    return wanted


def _text(tensor: NDArray[np.generic]) -> str:
    """What a tensor says, cut where it is far too long: messages have to fit into gRPC's headers."""
    return bytes(tensor[0])[:LONGEST_TEXT].decode(errors="replace")


def _reason(error: RefusedError | CallError) -> str:
    """What a frame was dropped for; what a network refuses was not the client's doing."""
    if isinstance(error, CallError):
        return FAILED
    return {Code.INVALID_INPUT: INVALID, Code.CANCELLED: CANCELLED}.get(error.code, FAILED)


def _invalid(message: str) -> RefusedError:
    return RefusedError(Code.INVALID_INPUT, message)
