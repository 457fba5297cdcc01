"""What a platform announces, rooms, products and ads, and what it reads back of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import InferenceFailed, InvalidInput
from ._outputs import Outputs
from ._protocol import Value
from ._signature import Encoded

if TYPE_CHECKING:
    from ._transport import Transport

MODEL = "catalog"
MOST_CHANGES = 1000
"""Changes of a request; a test compares it with the model's."""
MOST_BYTES = 4 * 1024 * 1024
"""Of the changes of a request, in JSON."""

Item = dict[str, Any]


async def announce(
    transport: Transport, kind: str, catalog: str, changes: Iterable[Mapping[str, object]], seconds: float
) -> list[Item | None]:
    """The items after `changes`, which are made request by request, each whole or not at all."""
    found: list[Item | None] = []
    for part in parts(changes):
        inputs = _inputs(kind, catalog) | {"changes": Encoded.of_texts(part, 1, len(part))}
        found += _items(await transport.infer(MODEL, inputs, seconds))
    return found


async def listed(transport: Transport, kind: str, catalog: str, seconds: float) -> AsyncGenerator[Item, None]:
    """All items of a kind, page by page, in no order."""
    cursor = ""
    while True:
        inputs = _inputs(kind, catalog) | {"cursor": cursor}
        page = await transport.infer(MODEL, inputs, seconds)
        for item in _items(page):
            if item is not None:
                yield item
        cursor = page.text("cursor")
        if not cursor:
            return


def parts(changes: Iterable[Mapping[str, object]]) -> Iterable[Sequence[bytes]]:
    """Changes in JSON, in parts of a request each.

    Raises:
        InvalidInput: one is no object that JSON can have; the message says which, from 1. Nothing was sent of
            the part that it is in.
    """
    part: list[bytes] = []
    size = 0
    for number, change in enumerate(changes, 1):
        data = _encoded(number, change)
        if part and (len(part) == MOST_CHANGES or size + len(data) > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(data)
        size += len(data)
    if part:
        yield part


def _encoded(number: int, change: Mapping[str, object]) -> bytes:
    if not isinstance(change, Mapping):
        raise InvalidInput(f"change {number} is {change!r:.60}: expected a mapping with an id")
    try:
        return json.dumps(dict(change), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"change {number} ({change.get('id')!r:.60}) is nothing for JSON: {error}"
        ) from error


def _inputs(kind: str, catalog: str) -> dict[str, Value]:
    return {"kind": kind, **({"catalog": catalog} if catalog else {})}


def _items(answer: Outputs) -> list[Item | None]:
    try:
        return [json.loads(item) for item in answer.arrays()["items"].reshape(-1).tolist()]
    except (KeyError, ValueError) as error:
        raise InferenceFailed(
            f"items of model {MODEL!r} are not as expected ({error}): client and server versions differ"
        ) from error
