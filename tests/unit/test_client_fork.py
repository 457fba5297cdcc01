"""Processes that are forked while a client is open, or was: they work or say at once what to do."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.unit.peer import Peer

PROGRAM = Path(__file__).with_name("forks.py")
REFUSED = "ClientForked: process "


async def fork(scenario: str) -> dict[str, str]:
    """What children and parent saw; see forks.py."""
    async with Peer().listening() as url:
        program = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), scenario, url, stdout=-1, stderr=-1
        )
        async with asyncio.timeout(100):
            out, complaints = await program.communicate()
    assert program.returncode == 0, complaints.decode()
    assert "Traceback" not in complaints.decode()
    assert "was destroyed" not in complaints.decode()
    seen: dict[str, str] = json.loads(out)
    return seen


def check(seen: dict[str, str], refused: set[str], fine: set[str]) -> None:
    assert {name for name, said in seen.items() if said.startswith(REFUSED)} == refused, seen
    assert all("make the client after the fork" in seen[name] for name in refused)
    assert {name for name, said in seen.items() if said == "fine"} == fine, seen


async def test_a_child_of_a_process_with_an_open_client_is_told_so_at_once_and_the_parent_goes_on() -> None:
    seen = await fork("synchronous")
    parent = {name: seen.pop(name) for name in list(seen) if name.startswith("parent")}
    check(
        seen,
        refused={
            "call",
            "transcribe",
            "captions",
            "audio",
            "events",
            "end",
            "studio",
            "new client",
            "new asynchronous client",
            "python's own end after a call",
            "thread",
            "process",
            "pool",
        },
        fine={"grandchild", "leave", "close", "nothing", "drop", "python's own end", "closed"},
    )
    assert parent == {
        "parent": "fine",
        "parent's room": "fine",
        "parent's captions": "final",
        "parent's reconnects": "0",
    }


async def test_so_is_one_that_is_forked_inside_an_event_loop() -> None:
    seen = await fork("asynchronous")
    parent = {name: seen.pop(name) for name in list(seen) if name.startswith("parent")}
    check(
        seen,
        refused={"call", "audio", "end", "new client"},
        fine={"leave", "close", "python's own end", "closed"},
    )
    assert parent == {"parent's caption": "final", "parent": "2"}


async def test_a_client_that_was_not_used_before_the_fork_works_after_it() -> None:
    seen = await fork("prefork")
    check(seen, refused=set(), fine={"first", "second", "parent", "spawn", "forkserver", "forgotten"})
