"""Inputs made of pictures: frames of clips of people, and what each step makes of them."""

from collections.abc import Sequence
from functools import partial
from itertools import islice

import numpy as np

from evaluation import pictures
from evaluation.pictures import Image
from exporters.onnx_tools import Array, Floats
from perf.inputs.recorded import Inputs, Step
from perf.load.video import CLIPS, HEADS, cut, jpeg
from perf.served.networks import Networks
from perf.served.pictures import DEFAULT_DETECTOR, DETECTORS, REPOSITORY, Frame, Levels, look, views
from server.repository import check_files
from tooling.sources import Library

HOST = (640, 480)
STUDIO = (640, 360)
FRAMES = 13
"""A prime number: perf_analyzer's callers step through them by their own number."""
ROOMS, ROOM_FRAMES = 4, 12
LARGE = 5
"""Frames of models that take whole frames as pixels, a megabyte each."""
SETTINGS = '{"blur": 0.8, "smooth": 0.6, "brighten": 0.3}'
_STEP = 10
"""Frames between two that are taken of a clip, so that they differ."""


def host_frames(library: Library, count: int = FRAMES) -> list[Image]:
    """Frames [480,640,3] of two clips in turn, a face in each, cut out around it."""
    clips = ("smiling_head", "expressive_head")
    videos = [(pictures.frames(CLIPS[clip](library), _STEP), HEADS[clip]) for clip in clips]
    found = (cut(next(frames), HOST, at) for _ in range(count) for frames, at in videos)
    return list(islice(found, count))


def room_frames(library: Library, count: int = ROOM_FRAMES, rooms: int = ROOMS) -> list[list[Image]]:
    """Frames [360,640,3] of rooms, as a camera takes them, each room of another part of a clip."""
    clips = [pictures.smiling_head(library), pictures.expressive_head(library)]
    return [
        list(islice(pictures.frames(clips[room % 2]), count * (room // 2), count * (room // 2 + 1)))
        for room in range(rooms)
    ]


def text(value: str | bytes) -> Array:
    """A tensor with one text or file."""
    return np.array([value], np.object_)


def encoded(library: Library) -> Inputs:
    """Frames as a room sends them: of `vision`, and of `image_decoder`."""
    steps = [{"image": text(jpeg(image))} for image in host_frames(library)]
    return Inputs(f"{_said(FRAMES, HOST)}, JPEG", [steps])


def studio(library: Library) -> Inputs:
    """Rooms whose background is blurred and whose host's skin is smoothed."""
    streams = [
        [{"image": text(jpeg(image)), "settings": text(SETTINGS)} for image in room]
        for room in room_frames(library)
    ]
    about = f"{ROOMS} rooms of {ROOM_FRAMES} frames of {STUDIO[0]} x {STUDIO[1]} with a face, JPEG"
    return Inputs(f"{about}; settings {SETTINGS}", streams)


def effects(library: Library) -> Inputs:
    """The same rooms as `studio` hands them on, half as many and shorter."""
    networks = _networks("person_segmenter")
    streams: list[list[Step]] = []
    for room in room_frames(library, ROOM_FRAMES // 2, ROOMS // 2):
        steps: list[Step] = []
        for image in room:
            (mask,) = networks("person_segmenter", [views(image)[0]], ["mask"])
            sent = {"image": text(jpeg(image)), "settings": text(SETTINGS)}
            steps.append(sent | _frame(image) | {"mask": mask[0]})
        streams.append(steps)
    about = f"{len(streams)} rooms of {len(streams[0])} frames of {STUDIO[0]} x {STUDIO[1]} with a face"
    return Inputs(f"{about}, and their masks; settings {SETTINGS}", streams)


def faces(library: Library) -> Inputs:
    """Frames as `image_decoder` makes them."""
    images = host_frames(library, LARGE)
    steps = [_frame(image) | {"safety_view": views(image)[1]} for image in images]
    return Inputs(f"{_said(LARGE, HOST)}, and what nsfw is shown", [steps])


def detector(name: str, library: Library) -> Inputs:
    """What a detector is shown of them."""
    images = host_frames(library, LARGE)
    steps = [{"image": DETECTORS[name].view(Levels(image)).pixels} for image in images]
    return Inputs(f"{_said(LARGE, HOST)}, as it is shown them", [steps])


def single_faces(name: str, library: Library) -> Inputs:
    """What a network of single faces is asked in these frames."""
    detector = DETECTORS[DEFAULT_DETECTOR]
    networks = _networks(detector.model, "face_landmarks", "face_embedder", "face_expression")
    asked: list[Image] = []

    def run(model: str, images: Sequence[Image], outputs: Sequence[str]) -> list[Floats]:
        asked.extend(images if model == name else ())
        return networks(model, images, outputs)

    for image in host_frames(library):
        look(Frame(image, HOST, run), run, detector)
    steps = [{"image": face} for face in asked]
    return Inputs(f"the faces of {_said(FRAMES, HOST)}, cut out for it", [steps])


def nsfw(library: Library) -> Inputs:
    """The middle of each frame, stretched."""
    steps = [{"image": views(image)[1]} for image in host_frames(library)]
    return Inputs(f"{_said(FRAMES, HOST)}, stretched", [steps])


def person_segmenter(library: Library) -> Inputs:
    """Whole frames, stretched."""
    images = [image for room in room_frames(library, FRAMES, 1) for image in room]
    return Inputs(f"{_said(FRAMES, STUDIO)}, stretched", [[{"image": views(image)[0]} for image in images]])


WRITERS = {
    "effects": effects,
    "face_detector_blazeface": partial(detector, "blazeface"),
    "face_detector_centerface": partial(detector, "centerface"),
    "face_embedder": partial(single_faces, "face_embedder"),
    "face_expression": partial(single_faces, "face_expression"),
    "face_landmarks": partial(single_faces, "face_landmarks"),
    "faces": faces,
    "image_decoder": encoded,
    "nsfw": nsfw,
    "person_segmenter": person_segmenter,
    "studio": studio,
    "vision": encoded,
}


def _networks(*models: str) -> Networks:
    """Networks in this process. Raises ServerError where one of `models` has not been exported."""
    check_files(REPOSITORY.resolve(models))
    return Networks(threads=0)


def _frame(image: Image) -> dict[str, Array]:
    """Pixels as `image_decoder` hands them on."""
    return {"frame": image, "size": np.array([image.shape[1], image.shape[0]], np.int32)}


def _said(count: int, size: tuple[int, int]) -> str:
    return f"{count} frames of {size[0]} x {size[1]} with a face"
