"""`liveroom models` and `liveroom health`."""

from __future__ import annotations

import argparse
import dataclasses
import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ._connect import connect
from ._exit import FAILED, OK


async def models(arguments: argparse.Namespace) -> int:
    """List the repository."""
    async with connect(arguments) as client:
        listed = sorted(await client.models(), key=lambda model: (model.name, model.version))
    if arguments.json:
        rows = [{**dataclasses.asdict(model), "ready": model.ready} for model in listed]
        print(json.dumps({"url": arguments.url, "models": rows}, ensure_ascii=False))
        return OK
    table = Table("model", "version", "state", "reason", box=None)
    for model in listed:
        style = "green" if model.ready else "red" if model.state else "dim"
        state = model.state or "not loaded"
        table.add_row(model.name, model.version, state, escape(model.reason), style=style)
    Console().print(table)
    return OK


async def health(arguments: argparse.Namespace) -> int:
    """Probe the models; fails if one of them does not answer, or there is none."""
    async with connect(arguments) as client:
        found = await client.health()
    if arguments.json:
        rows = [{**dataclasses.asdict(model), "ok": model.ok} for model in found.models]
        print(json.dumps({"url": found.url, "ok": found.ok, "models": rows}, ensure_ascii=False))
    elif not found.models:
        print(f"{found.url} serves no model that clients call")
    else:
        table = Table("model", "answers", "after", "error", box=None)
        for model in found.models:
            answers = "[green]yes[/]" if model.ok else "[bold red]no[/]"
            table.add_row(model.name, answers, f"{model.seconds * 1000:.0f} ms", escape(model.error or ""))
        Console().print(table)
    return OK if found.ok else FAILED
