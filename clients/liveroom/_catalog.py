"""What a platform announces, and what it reads back of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._errors import InferenceFailed
from ._json_parts import parts
from ._outputs import Outputs
from ._protocol import Value
from ._signature import Encoded

if TYPE_CHECKING:
    from ._transport import Transport

MODEL = "catalog"
Item = dict[str, Any]


async def announce(
    transport: Transport, kind: str, catalog: str, changes: Iterable[Mapping[str, object]], seconds: float
) -> list[Item | None]:
    """The items after `changes`, which are made request by request, each whole or not at all."""
    found: list[Item | None] = []
    for part in parts(changes, "change"):
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


def _inputs(kind: str, catalog: str) -> dict[str, Value]:
    return {"kind": kind, **({"catalog": catalog} if catalog else {})}


def _items(answer: Outputs) -> list[Item | None]:
    try:
        return [json.loads(item) for item in answer.arrays()["items"].reshape(-1).tolist()]
    except (KeyError, ValueError) as error:
        raise InferenceFailed(
            f"items of model {MODEL!r} are not as expected ({error}): client and server versions differ"
        ) from error
