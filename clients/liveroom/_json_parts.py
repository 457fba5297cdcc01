"""Many objects on their way to a model that takes JSON, a request's worth at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from ._errors import InvalidInput

MOST = 1000
"""Objects of a request; a test compares it with the models'."""
MOST_BYTES = 4 * 1024 * 1024
"""Of the objects of a request, in JSON."""


def parts(objects: Iterable[Mapping[str, object]], what: str) -> Iterable[Sequence[bytes]]:
    """Objects as JSON, in parts of a request each; `what` one of them is called in errors.

    Raises:
        InvalidInput: one is no object that JSON can have; the message says which, from 1. Nothing was sent of
            the part that it is in.
    """
    part: list[bytes] = []
    size = 0
    for number, each in enumerate(objects, 1):
        data = _encoded(f"{what} {number}", each)
        if part and (len(part) == MOST or size + len(data) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(data)
        size += len(data)
    if part:
        yield part


def _encoded(which: str, each: Mapping[str, object]) -> bytes:
    if not isinstance(each, Mapping):
        raise InvalidInput(f"{which} is {each!r:.60}: expected a mapping with an id")
    try:
        return json.dumps(dict(each), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{which} ({each.get('id')!r:.60}) cannot be written as JSON: {error}") from error
