"""`liveroom catalog`: what the platform announces of rooms, by hand."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console

from .._catalog import Item
from .._errors import InvalidInput
from .._json_parts import MOST
from ._connect import connect
from ._exit import OK
from ._sources import existing, stdin

KINDS = ("rooms",)


def add_catalog_command(
    add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser, epilog: str
) -> None:
    """Add it; `add` is `add_parser` of the commands, `common` the options of all."""
    command = add(
        "catalog",
        help="announce rooms, and list them",
        description="Announce rooms to all servers, and list those that were announced.",
        epilog=epilog,
    )
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("kind", choices=KINDS, help="of what")
    put = actions.add_parser(
        "put",
        parents=[common, which],
        help="add items, or change some of their keys",
        description="Add items, or change some of their keys: each object is merged into the item with\n"
        "its id; null removes a key.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    put.add_argument(
        "file", metavar="FILE", help="JSON: an array of objects, or an object a line; - for stdin"
    )
    put.set_defaults(run=_put)
    delete = actions.add_parser("delete", parents=[common, which], help="remove items")
    delete.add_argument("ids", nargs="+", metavar="ID")
    delete.set_defaults(run=_delete)
    show = actions.add_parser("list", parents=[common, which], help="print items, an object a line")
    show.set_defaults(run=_list)


async def _put(arguments: argparse.Namespace) -> int:
    items = read_items(arguments.file)
    await _change(arguments, items)
    return OK


async def _delete(arguments: argparse.Namespace) -> int:
    await _change(arguments, [{"id": name, "delete": True} for name in arguments.ids])
    return OK


async def _change(arguments: argparse.Namespace, changes: list[Mapping[str, Any]]) -> None:
    items: list[Item | None] = []
    async with connect(arguments) as client:
        with Console(stderr=True).status("") as status:
            for begin in range(0, len(changes), MOST):
                status.update(f"{begin} of {len(changes)} {arguments.kind}")
                part = changes[begin : begin + MOST]
                items += await client.announce(arguments.kind, part)
    if arguments.json:
        for change, item in zip(changes, items, strict=True):
            print(json.dumps({"id": change["id"], "item": item}, ensure_ascii=False))
    else:
        print(f"{len(items)} {arguments.kind} {'announced' if any(items) else 'removed'}")


async def _list(arguments: argparse.Namespace) -> int:
    async with connect(arguments) as client:
        async for item in client.announced(arguments.kind):
            print(json.dumps(item, ensure_ascii=False))
    return OK


def read_items(path: str) -> list[Mapping[str, Any]]:
    """The objects of a file of JSON: an array of them, or one a line.

    Raises:
        InvalidInput: it has none, or is no JSON; the message says where.
    """
    name = "stdin" if path == "-" else path
    try:
        data = sys.stdin.buffer.read() if path == "-" and stdin("items") >= 0 else existing(path).read_bytes()
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not UTF-8: byte {error.start + 1}") from error
    found = list(_whole(text, name) if text.lstrip().startswith("[") else _lines(text, name))
    if not found:
        raise InvalidInput(f"{name} has no items: expected a JSON array of objects, or an object a line")
    return found


def _whole(text: str, name: str) -> Iterable[Mapping[str, Any]]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{name} is not JSON: {error}") from error
    for number, item in enumerate(items, 1):
        yield _item(item, f"item {number} of {name}")


def _lines(text: str, name: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                item = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InvalidInput(f"line {number} of {name} is not JSON: {error}") from error
            yield _item(item, f"line {number} of {name}")


def _item(item: object, where: str) -> Mapping[str, Any]:
    if not isinstance(item, dict) or "id" not in item:
        raise InvalidInput(f'{where} is {item!r:.60}: expected an object with an id, such as {{"id": "r1"}}')
    return item
