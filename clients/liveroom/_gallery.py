"""Who is who: people enrolled by the embeddings of their faces, and nothing else of them."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._errors import InvalidInput
from ._faces import Face, Vision
from ._gallery_file import EMBEDDING_SIZE, MAX_NAME_BYTES, MAX_PEOPLE, MAX_PHOTOS, read, write

Embeddings: TypeAlias = NDArray[np.float32]

THRESHOLD = 0.36
"""Euclidean distance of unit embeddings below which two faces count as one person's.

Chosen on the rates in the manifest of ``face_embedder``, which also says for whom they do not hold.
"""

MARGIN = 0.05
"""By how much the nearest person must be nearer than the next one."""

_UNIT = 1e-3
"""How far from 1 the length of an embedding may be."""


@dataclass(frozen=True, slots=True)
class Match:
    """Who a face belongs to.

    Attributes:
        name: None where nobody is near enough, or two people are about as near.
        distance: Euclidean distance to the nearest enrolled embedding, 0 to 2; infinite in an empty gallery.
    """

    name: str | None
    distance: float


class Gallery:
    """People, each with the embeddings of up to 32 photos; only embeddings are kept, never pictures.

    A face is compared with every photo of a person, and the nearest one counts: a profile is near the photo
    in profile, while the mean of several poses would be near none of them. It gets the person's name if that
    distance is below `threshold`, and smaller by `margin` than anyone else's; otherwise none: of two people
    about as near, such as one enrolled under two names, neither is guessed.

    Embeddings are biometric data: `save` gives the file to its owner alone. Threads may match while another
    enrolls.

    Args:
        threshold: Euclidean distance of unit embeddings, above 0 and up to 2.
        margin: of the same kind, 0 or more.

    Raises:
        InvalidInput: a number is out of its range.
    """

    def __init__(self, *, threshold: float = THRESHOLD, margin: float = MARGIN) -> None:
        if not 0 < threshold <= 2:
            raise InvalidInput(f"threshold is {threshold}: expected a distance above 0 and up to 2")
        if not 0 <= margin <= 2:
            raise InvalidInput(f"margin is {margin}: expected a distance from 0 to 2")
        self.threshold = threshold
        self.margin = margin
        self._known = _Known({})  # replaced as a whole by whatever changes it

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone enrolled, in that order."""
        return tuple(self._known.people)

    @property
    def embeddings(self) -> Embeddings:
        """Everyone's, [n, 128]."""
        return self._known.embeddings

    def photos(self, name: str) -> int:
        """How many photos of `name` are enrolled.

        Raises:
            InvalidInput: nobody is called that.
        """
        return len(self._known.people[self._enrolled(name)])

    def enroll(
        self, name: str, faces: Vision | Face | Iterable[Face] | Embeddings, *, more: bool = False
    ) -> None:
        """Add a person, or with `more` further photos of one.

        Args:
            name: at most 128 bytes of UTF-8; spaces around it do not count.
            faces: what was seen in a photo that shows this person alone, one face or several of this person,
                or embeddings [128] or [n, 128].
            more: whether the person is enrolled already.

        Raises:
            InvalidInput: the name is empty, too long, taken or (with `more`) unknown; the photo has no face
                or several; the embeddings have another shape or length; there is no room for more.
        """
        name, added, people = _name(name), _embeddings(faces), self._known.people
        if more:
            added = np.concatenate([people[self._enrolled(name)], added])
        elif name in people:
            raise InvalidInput(
                f"{name!r} is enrolled already: remove them first, or add photos with more=True (--more)"
            )
        if len(added) > MAX_PHOTOS:
            raise InvalidInput(f"{len(added)} photos of {name!r}: expected at most {MAX_PHOTOS}")
        if len({*people, name}) > MAX_PEOPLE:
            raise InvalidInput(f"the gallery is full: it takes {MAX_PEOPLE} people")
        self._known = _Known({**people, name: added})

    def remove(self, name: str) -> None:
        """Forget a person; a file forgets them when the gallery is saved to it.

        Raises:
            InvalidInput: nobody is called that.
        """
        name = self._enrolled(name)
        self._known = _Known({other: kept for other, kept in self._known.people.items() if other != name})

    def match(self, face: Face | Embeddings) -> Match:
        """Who `face` (or its embedding [128]) belongs to.

        Raises:
            InvalidInput: the embedding has another shape or length.
        """
        (wanted,) = _embeddings(face)
        known = self._known
        if not known.people:
            return Match(None, float("inf"))
        photos = np.linalg.norm(known.embeddings - wanted, axis=1)
        people = np.minimum.reduceat(photos, known.starts)
        first, *others = np.argsort(people)[:2].tolist()
        distance = float(people[first])
        alone = all(people[other] - distance >= self.margin for other in others)
        return Match(tuple(known.people)[first] if distance < self.threshold and alone else None, distance)

    def named(self, faces: Iterable[Face]) -> tuple[Face, ...]:
        """The same faces with the names of those who are known."""
        return tuple(dataclasses.replace(face, name=self.match(face).name) for face in faces)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole or not at all, readable by its owner alone.

        Raises:
            OSError: it cannot be written.
        """
        write(Path(path), self._known.people)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, threshold: float = THRESHOLD, margin: float = MARGIN
    ) -> Gallery:
        """What `save` wrote.

        Raises:
            InvalidInput: there is no such file, or it is not a gallery, of another version, or damaged.
        """
        gallery = cls(threshold=threshold, margin=margin)
        try:
            found = read(Path(path))
            people = {_name(name): _embeddings(photos) for name, photos in found.items()}
            if len(people) < len(found):
                raise InvalidInput("it is damaged: two of its names are the same")
        except InvalidInput as error:
            raise InvalidInput(f"{path} can't be used: {error}") from error
        gallery._known = _Known(people)
        return gallery

    def __len__(self) -> int:
        return len(self._known.people)

    def __contains__(self, name: object) -> bool:
        return name in self._known.people

    def _enrolled(self, name: str) -> str:
        name = _name(name)
        if name not in self:
            raise InvalidInput(
                f"{name!r} is not enrolled: expected one of {', '.join(self.names) or 'nobody'}"
            )
        return name


class _Known:
    """Everyone's embeddings [photos, 128] in one array, and where each person's start in it."""

    def __init__(self, people: Mapping[str, Embeddings]) -> None:
        self.people = people
        self.embeddings: Embeddings = np.concatenate(
            [np.empty((0, EMBEDDING_SIZE), np.float32), *people.values()]
        )
        self.starts = np.cumsum([0, *(len(photos) for photos in people.values())])[:-1]


def _name(name: str) -> str:
    """`name` in its composed form (NFC), without spaces around it.

    Raises:
        InvalidInput: it is empty, too long, or has control characters.
    """
    tidy = unicodedata.normalize("NFC", name).strip()
    if not tidy or not tidy.isprintable() or len(tidy.encode()) > MAX_NAME_BYTES:
        raise InvalidInput(f"name is {name!r}: expected 1 to {MAX_NAME_BYTES} bytes of printable UTF-8")
    return tidy


def _embeddings(faces: Vision | Face | Iterable[Face] | Embeddings) -> Embeddings:
    """[n, 128], n at least 1, unit length."""
    if isinstance(faces, Vision):
        faces = faces.only_face
    if isinstance(faces, Face):
        faces = (faces,)
    array = (
        np.atleast_2d(np.array(faces, np.float32))
        if isinstance(faces, np.ndarray)
        else np.array([face.embedding for face in faces], np.float32)
    )
    if array.ndim != 2 or array.shape[1] != EMBEDDING_SIZE or not len(array):
        raise InvalidInput(
            f"embeddings of shape {list(array.shape)}: expected [{EMBEDDING_SIZE}] or [n, {EMBEDDING_SIZE}]"
        )
    lengths = np.linalg.norm(array, axis=1)
    if not np.all(np.abs(lengths - 1) < _UNIT):  # NaN is not below either
        raise InvalidInput(f"an embedding of length {lengths[np.abs(lengths - 1).argmax()]:g}: expected 1")
    return array
