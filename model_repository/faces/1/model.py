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
from detection import DETECTORS, Detector
from geometry import Floats, Pixels
from looks import Frame
from networks import NetworkError, run
from numpy.typing import NDArray

EMBEDDING, EXPRESSIONS = 128, 7

Tensors = Mapping[str, NDArray[np.generic]]
FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class CancelledError(Exception):
    """Nobody waits for the answer any more."""


class TritonPythonModel:
    """One instance: all frames under way."""

    def initialize(self, args: dict[str, str]) -> None:
        """Start the threads: three a frame, as up to three networks are asked at the same time."""
        config = json.loads(args["model_config"])
        said = {key: str(value["string_value"]) for key, value in config["parameters"].items()}
        self._outputs = frozenset(str(output["name"]) for output in config["output"])
        self._detector = _detector(said["detector"])
        self._most_faces, self._most_frames = int(said["max_faces"]), int(said["max_frames"])
        self._room = BoundedSemaphore(self._most_frames)
        self._frames = ThreadPoolExecutor(self._most_frames, "frame")
        self._asides = ThreadPoolExecutor(2 * self._most_frames, "aside")
        cv2.setNumThreads(1)

    def execute(self, requests: list[pb_utils.InferenceRequest]) -> None:
        """Begin with frames; the answers come later, through their senders."""
        for request in requests:
            sender = request.get_response_sender()
            if self._room.acquire(blocking=False):
                self._frames.submit(self._serve, request, sender)
            else:
                busy = (
                    f"{self._most_frames} frames are under way, all this server takes: send fewer at a time"
                )
                _refuse(sender, busy, pb_utils.TritonError.UNAVAILABLE)

    def finalize(self) -> None:
        """Finish what is under way."""
        self._frames.shutdown()
        self._asides.shutdown()

    def _serve(self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender) -> None:
        try:
            tensors = {tensor.name(): tensor.as_numpy()[0] for tensor in request.inputs()}
            wanted = self._wanted(request, tensors)
            aside = {}
            if "nsfw" in wanted and "safety_view" in tensors:
                aside["nsfw"] = self._ask(
                    "nsfw", [np.asarray(tensors["safety_view"], np.uint8)], "probability"
                )
            outputs = self._faces(tensors, wanted, sender, aside) if wanted - {"nsfw"} else {}
            outputs |= {name: answer.result() for name, answer in aside.items()}
            answer = [
                pb_utils.Tensor(name, array if name == "nsfw" else array[None])
                for name, array in outputs.items()
                if name in wanted
            ]
            sender.send(pb_utils.InferenceResponse(answer), flags=FINAL)
        except CancelledError:
            _refuse(sender, "the request was cancelled", pb_utils.TritonError.CANCELLED)
        except ValueError as error:
            _refuse(sender, str(error), pb_utils.TritonError.INVALID_ARG)
        except NetworkError as error:
            _refuse(sender, str(error), error.code)
        except Exception as error:  # a frame without an answer would never end
            _refuse(sender, f"{type(error).__name__}: {error}", pb_utils.TritonError.INTERNAL)
        finally:
            self._room.release()

    def _wanted(self, request: pb_utils.InferenceRequest, tensors: Tensors) -> frozenset[str]:
        """Outputs that have to be made: an ensemble asks for all, whatever it is asked for itself."""
        requested = frozenset(request.requested_output_names())
        if "wanted" not in tensors:
            return requested
        named = frozenset(_text(tensors["wanted"]).replace(",", " ").split())
        if not named <= self._outputs:
            unknown = ", ".join(sorted(named - self._outputs))
            raise ValueError(f"wanted has {unknown}; it may have {', '.join(sorted(self._outputs))}")
        return requested & named

    def _faces(
        self,
        tensors: Tensors,
        wanted: frozenset[str],
        sender: pb_utils.InferenceResponseSender,
        aside: dict[str, Future[Floats]],
    ) -> dict[str, Floats]:
        """What is known of each face; what another thread still waits for is put `aside`."""
        detector = _detector(_text(tensors["detector"])) if "detector" in tensors else self._detector
        width, height = tensors["size"].tolist()
        frame = Frame(np.asarray(tensors["frame"], np.uint8), (width, height), run)
        faces = frame.find(detector, self._most_faces)
        outputs = frame.describe(faces)
        if not faces:
            nobody = {"embeddings": (0, EMBEDDING), "expressions": (0, EXPRESSIONS)}
            return outputs | {name: np.zeros(shape, np.float32) for name, shape in nobody.items()}
        if sender.is_cancelled():
            raise CancelledError
        if "embeddings" in wanted:
            aside["embeddings"] = self._ask("face_embedder", frame.chips(faces), "embedding")
        if "expressions" in wanted:
            views = frame.expression_views(faces)
            (outputs["expressions"],) = run("face_expression", views, ["probabilities"])
        return outputs

    def _ask(self, model: str, images: Sequence[Pixels], output: str) -> Future[Floats]:
        """A network's answer, waited for by another thread."""
        return self._asides.submit(lambda: run(model, images, [output])[0])


def _detector(name: str) -> Detector:
    if name not in DETECTORS:
        raise ValueError(f"detector is '{name}'; it must be one of {', '.join(DETECTORS)}")
    return DETECTORS[name]


def _text(tensor: NDArray[np.generic]) -> str:
    return bytes(tensor[0]).decode(errors="replace")


def _refuse(sender: pb_utils.InferenceResponseSender, message: str, code: int) -> None:
    sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(message, code)), flags=FINAL)
