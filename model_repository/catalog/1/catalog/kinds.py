"""What an item of each kind is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

LONGEST = 16 * 1024
"""Bytes of an item in JSON."""

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[float, Meta(ge=0, le=1e11)]


class Room(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A room, live unless it says otherwise.

    hidden: not to be recommended for now. blocked: not at all, for the platform has closed it; the two are
    apart so that a host who hides a room and shows it again does not lift what the platform decided.
    exposures: how often it may be recommended in an hour, at most; None for any number.
    """

    id: Id
    host: Annotated[str, Meta(max_length=128)] = ""
    title: Annotated[str, Meta(max_length=512)] = ""
    tags: Annotated[list[Word], Meta(max_length=32)] = []
    categories: Annotated[list[Word], Meta(max_length=16)] = []
    language: Annotated[str, Meta(max_length=16)] = ""
    live: bool = True
    started_s: Seconds | None = None
    hidden: bool = False
    blocked: bool = False
    paid: bool = False
    exposures: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of item.

    Attributes:
        item: what one is.
        most: of an owner.
        named: whether a tenant has several catalogs of them, each with a name.
    """

    item: type[Struct]
    most: int
    named: bool = False


KINDS = {"rooms": Kind(Room, 200_000)}


class ItemError(ValueError):
    """A change cannot be made; the message names it, the value and what would be right."""


def object_of(change: bytes, number: int, count: int) -> dict[str, Any]:
    """A change as JSON has it.

    Raises:
        ItemError: it is no object with an id.
    """
    which = f"change {number} of {count}"
    if len(change) > LONGEST:
        raise ItemError(f"{which} is {len(change)} bytes long: an item has at most {LONGEST}")
    try:
        found = msgspec.json.decode(change)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ItemError(f"{which} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ItemError(f'{which} is {change[:40]!r}: expected an object such as {{"id": "r1"}}')
    name = found.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= 128:
        raise ItemError(f"{which} has the id {name!r:.60}: expected a text of 1 to 128 characters")
    return found


def merged(kind: Kind, old: bytes | None, change: dict[str, Any]) -> bytes | None:
    """An item after a change, as JSON merge patch (RFC 7396) has it; None where that is its end.

    Raises:
        ItemError: it would not be one.
    """
    if change.get("delete") is True:
        return None
    item = dict(msgspec.json.decode(old)) if old else {}
    for key, value in change.items():
        if value is None:
            item.pop(key, None)
        else:
            item[key] = value
    try:
        checked = msgspec.convert(item, kind.item)
    except msgspec.ValidationError as error:
        raise ItemError(f"item {change['id']!r} cannot be taken: {error}") from error
    encoded = msgspec.json.encode(checked)
    if len(encoded) > LONGEST:
        raise ItemError(f"item {change['id']!r} is {len(encoded)} bytes long: at most {LONGEST}")
    return encoded
