"""Outside data (TOML, YAML, JSON) as msgspec's structs; what is wrong is said where it is."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_PLACE = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)
_KEY = re.compile(r"\.(\w+)|\[(\d+)\]")


def convert(data: object, kind: type[T], where: str) -> T:
    """`data` as a `kind`.

    Args:
        data: mappings, lists and values.
        kind: a struct.
        where: what the data is called in messages.

    Raises:
        ValueError: it is something else; the message names the key, its value and what would be right.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{where}: {_explained(str(error), data, kind)}") from None


def _explained(message: str, data: object, kind: type) -> str:
    """What msgspec says, with the value that it says it of, and the names that it knows."""
    found = _PLACE.fullmatch(message)
    said, path = (found[1], found[2] or "") if found else (message, "")
    said = said.replace("`", "")
    *_, known = _types(inspect.type_info(kind), path)
    place = path.removeprefix(".")
    if said.startswith("Object"):
        names = ", ".join(field.encode_name for field in getattr(known, "fields", ()))
        said = f"{said[0].lower()}{said[1:]}: expected {names}"
    elif said.startswith("Invalid enum value"):
        said = f"Expected {' or '.join(map(str, getattr(known, 'values', ())))}"
    if not said.startswith("Expected"):  # of a struct's own check
        return f"{place}: {said}" if place else said
    value: Any = data
    for name, index in _KEY.findall(path):
        value = value[name or int(index)]
    return f"{place or 'it'} is {value!r}: {said[0].lower()}{said[1:]}"


def _types(known: inspect.Type, path: str) -> Iterator[inspect.Type]:
    """The types on the way to a place in a struct, the last one being that of the place."""
    yield (known := _only(known))
    for name, _ in _KEY.findall(path):
        if name:
            fields = getattr(known, "fields", ())
            known = next((field.type for field in fields if field.encode_name == name), inspect.AnyType())
        else:
            known = getattr(known, "item_type", inspect.AnyType())
        yield (known := _only(known))


def _only(known: inspect.Type) -> inspect.Type:
    """Of something or None the something."""
    if isinstance(known, inspect.UnionType):
        return next(option for option in known.types if not isinstance(option, inspect.NoneType))
    return known
