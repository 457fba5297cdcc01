"""Calls of `studio` over Triton's own client: one picture, or the frames of a room."""

import json
import uuid
from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput

from image_decoder.pictures import decode

Array = NDArray[np.generic]
Pixels = NDArray[np.uint8]
Value = float | int | str | None


class RawRoom:
    """A room's frames, request by request; anything can be sent. Without a name it is one that nobody has."""

    def __init__(self, client: InferenceServerClient, name: str | int | None = None) -> None:
        self._client = client
        self._name = uuid.uuid4().hex if name is None else name

    def frame(
        self,
        image: bytes,
        settings: Mapping[str, Value] | str,
        *,
        start: bool = False,
        end: bool = False,
        background: bytes | None = None,
        enrolled: Array | None = None,
    ) -> bytes:
        """The edited picture."""
        text = settings if isinstance(settings, str) else json.dumps(dict(settings))
        arrays = {"image": _text(image), "settings": _text(text.encode())}
        if background is not None:
            arrays["background"] = _text(background)
        if enrolled is not None:
            arrays["enrolled"] = enrolled[None]
        inputs = []
        for name, array in arrays.items():
            inputs.append(InferInput(name, list(array.shape), "FP32" if name == "enrolled" else "BYTES"))
            inputs[-1].set_data_from_numpy(array)
        result = self._client.infer(
            "studio",
            inputs,
            sequence_id=self._name,
            sequence_start=start,
            sequence_end=end,
            client_timeout=60,
        )
        return cast(bytes, cast(Array, result.as_numpy("edited"))[0, 0])


def edit(
    client: InferenceServerClient,
    image: bytes,
    settings: Mapping[str, Value] | str,
    *,
    background: bytes | None = None,
    enrolled: Array | None = None,
) -> bytes:
    """One picture in a room of its own."""
    return RawRoom(client).frame(
        image, settings, start=True, end=True, background=background, enrolled=enrolled
    )


def pixels(data: bytes) -> Pixels:
    """What a picture shows, upright."""
    return decode(data).frame


def differs(one: bytes, other: bytes) -> int:
    """The largest difference of two pictures of one size, in levels."""
    return int(np.abs(pixels(one).astype(np.int16) - pixels(other)).max())


def _text(value: bytes) -> Array:
    return np.array([[value]], np.object_)
