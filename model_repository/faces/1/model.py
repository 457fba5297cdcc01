"""Triton model `faces`: a frame -> its faces, by calls to the networks.

Requests are taken off Triton's hands at once and answered from threads, one a frame, that mostly wait for
networks: so the faces of all rooms meet in the networks' batches, and a frame with many holds up no other.
"""

from __future__ import annotations  # Triton adds its classes to the module only after this is imported

import json
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

import cv2
import numpy as np
import triton_python_backend_utils as pb_utils
from detection import DETECTORS, Detector
from geometry import Floats
from looks import Frame
from networks import NetworkError, run

EMBEDDING, EXPRESSIONS = 128, 7

FINAL = pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL


class CancelledError(Exception):
    """Nobody waits for the answer any more."""


class TritonPythonModel:
    """One instance: all frames under way."""

    def initialize(self, args: dict[str, str]) -> None:
        """Start the threads: two a frame, as embedding and expression are asked for at the same time."""
        config = json.loads(args["model_config"])
        said = {key: str(value["string_value"]) for key, value in config["parameters"].items()}
        self._outputs = [str(output["name"]) for output in config["output"]]
        self._detector = _detector(said["detector"])
        self._most_faces, self._most_frames = int(said["max_faces"]), int(said["max_frames"])
        self._room = BoundedSemaphore(self._most_frames)
        self._frames = ThreadPoolExecutor(self._most_frames, "frame")
        self._embeddings = ThreadPoolExecutor(self._most_frames, "embedding")
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
        self._embeddings.shutdown()

    def _serve(self, request: pb_utils.InferenceRequest, sender: pb_utils.InferenceResponseSender) -> None:
        try:
            wanted = frozenset(request.requested_output_names())
            tensors = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
            detector = self._detector
            if "detector" in tensors:
                detector = _detector(tensors["detector"][0, 0].decode(errors="replace"))
            width, height = tensors["size"][0].tolist()
            frame = Frame(tensors["frame"][0], (width, height), run)
            outputs = self._look(frame, detector, wanted, sender)
            answer = [pb_utils.Tensor(n, outputs[n][None]) for n in self._outputs if n in wanted]
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

    def _look(
        self,
        frame: Frame,
        detector: Detector,
        wanted: frozenset[str],
        sender: pb_utils.InferenceResponseSender,
    ) -> dict[str, Floats]:
        """Every output in `wanted`, and those that cost nothing more; networks for no other are not asked."""
        faces = frame.find(detector, self._most_faces)
        outputs = frame.describe(faces)
        if not faces:
            nobody = {"embeddings": (0, EMBEDDING), "expressions": (0, EXPRESSIONS)}
            return outputs | {name: np.zeros(shape, np.float32) for name, shape in nobody.items()}
        if sender.is_cancelled():
            raise CancelledError
        embedding = None
        if "embeddings" in wanted:
            embedding = self._embeddings.submit(run, "face_embedder", frame.chips(faces), ["embedding"])
        if "expressions" in wanted:
            views = frame.expression_views(faces)
            (outputs["expressions"],) = run("face_expression", views, ["probabilities"])
        if embedding is not None:
            (outputs["embeddings"],) = embedding.result()
        return outputs


def _detector(name: str) -> Detector:
    if name not in DETECTORS:
        raise ValueError(f"detector is '{name}'; it must be one of {', '.join(DETECTORS)}")
    return DETECTORS[name]


def _refuse(sender: pb_utils.InferenceResponseSender, message: str, code: int) -> None:
    sender.send(pb_utils.InferenceResponse(error=pb_utils.TritonError(message, code)), flags=FINAL)
