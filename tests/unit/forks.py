"""A program that forks: `python forks.py SCENARIO URL` prints what children and parent saw, as JSON.

Run by test_client_fork.py, since pytest's own process is none to fork.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkContext, ForkServerContext, SpawnContext
from typing import TypeAlias

import numpy as np
from liveroom import AsyncClient, Client, Effects, LiveroomError, Timeouts

Work: TypeAlias = Callable[[], object]
Context: TypeAlias = ForkContext | SpawnContext | ForkServerContext

CHUNK = np.zeros(1600, np.int16)
RATE = 16_000
LIMIT_S = 8.0
QUICK = Timeouts(control=2.0, audio=4.0, transcribe=4.0, end=4.0, stall=2.0)


def seen(work: Work) -> str:
    """What became of `work`: "fine", or the error."""
    try:
        work()
    except LiveroomError as error:
        return f"{type(error).__name__}: {error}"
    return "fine"


def forked(work: Work, *, end: Callable[[int], object] = os._exit) -> str:
    """`work` in a fork of this process; "hung" if it takes too long."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.write(writing, seen(work).encode())
        os.close(writing)
        end(0)
    os.close(writing)
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            said = os.read(reading, 1000).decode()
            return said if not status else f"status {status}"
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hung"


def in_a_thread(work: Work) -> str:
    """`work` in a process that another thread than the main one forked."""
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(forked(work)))
    thread.start()
    thread.join()
    return said[0]


def in_a_process(work: Work, method: str) -> str:
    """`work` in a process of multiprocessing's."""
    context: Context = multiprocessing.get_context(method)  # type: ignore[assignment]  # it is one of them
    answers = context.SimpleQueue()
    child = context.Process(target=_answer, args=(work, answers))
    child.start()
    child.join(3 * LIMIT_S)
    if child.is_alive():
        child.kill()
        return "hung"
    return str(answers.get()) if not child.exitcode else f"status {child.exitcode}"


def _answer(work: Work, answers: multiprocessing.SimpleQueue[str]) -> None:
    answers.put(seen(work))


class Fresh:
    """A call of a client that it makes itself."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self) -> None:
        with Client(self.url, timeouts=QUICK) as client:
            client.models()


async def fresh(url: str) -> None:
    async with AsyncClient(url, timeouts=QUICK) as client:
        await client.models()


def synchronous(url: str) -> dict[str, str]:
    """A client with an open room, whose reader waits in another thread, while processes are forked."""
    client = Client(url, timeouts=QUICK)
    studio = client.studio_room("studio", Effects(smooth=1.0))
    studio.__enter__()
    heard: list[str] = []
    said: dict[str, str] = {}
    with client.room("room") as room:
        room.send_audio(CHUNK, RATE)
        events = room.events()
        reader = threading.Thread(target=lambda: heard.extend(event.kind for event in room.events()))
        reader.start()

        def leave() -> None:
            room.__exit__(None, None, None)
            studio.__exit__(None, None, None)

        def dropped() -> None:
            nonlocal client, room, studio, events
            del client, room, studio, events
            gc.collect()

        children: dict[str, Work] = {
            "call": lambda: client.models(),
            "transcribe": lambda: client.transcribe(CHUNK, RATE),
            "captions": lambda: list(client.captions(CHUNK, RATE)),
            "audio": lambda: room.send_audio(CHUNK, RATE),
            "events": lambda: next(events),
            "end": lambda: room.end(),
            "studio": lambda: studio.edit_frame(np.zeros((8, 8, 3), np.uint8)),
            "new client": Fresh(url),
            "new asynchronous client": lambda: asyncio.run(fresh(url)),
            "grandchild": lambda: os.write(1, b"") if "ClientForked" in forked(Fresh(url)) else 1 / 0,
            "leave": leave,
            "close": lambda: client.close(),
            "nothing": lambda: None,
            "drop": dropped,
        }
        for name, work in children.items():
            said[name] = forked(work)
        said["python's own end"] = forked(lambda: None, end=sys.exit)
        said["python's own end after a call"] = forked(lambda: client.models(), end=sys.exit)
        said["thread"] = in_a_thread(lambda: client.models())
        said["process"] = in_a_process(lambda: client.models(), "fork")
        with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
            said["pool"] = pool.submit(seen, Fresh(url)).result(LIMIT_S)
        said["parent"] = seen(lambda: client.models())
        said["parent's room"] = seen(lambda: room.send_audio(CHUNK, RATE))
    reader.join(LIMIT_S)
    said["parent's captions"] = ",".join(heard)
    said["parent's reconnects"] = str(room.reconnects)
    client.close()
    said["closed"] = forked(Fresh(url))
    return said


def asynchronous(url: str) -> dict[str, str]:
    """The same with asyncio."""
    said: dict[str, str] = {}

    async def main() -> None:
        async with AsyncClient(url, timeouts=QUICK) as client, client.room("room") as room:
            await room.send_audio(CHUNK, RATE)
            reader = asyncio.create_task(anext(room.events()))

            def at_once(call: Callable[[], object]) -> Work:
                """Without an event loop, which the child has none of: up to its first wait."""

                def run() -> None:
                    coroutine = call()
                    try:
                        coroutine.send(None)  # type: ignore[attr-defined]  # a coroutine
                    except StopIteration:
                        return

                return run

            calls: dict[str, Callable[[], object]] = {
                "call": client.models,
                "audio": lambda: room.send_audio(CHUNK, RATE),
                "end": room.end,
                "leave": lambda: room.__aexit__(None, None, None),
                "close": client.close,
            }
            for name, call in calls.items():
                said[name] = forked(at_once(call))
            said["new client"] = forked(Fresh(url))
            said["python's own end"] = forked(lambda: None, end=sys.exit)
            await room.send_audio(CHUNK, RATE)
            await room.end()
            said["parent's caption"] = (await reader).kind
            said["parent"] = str(len(await client.models()))
        said["closed"] = forked(lambda: asyncio.run(fresh(url)))

    asyncio.run(main())
    return said


def prefork(url: str) -> dict[str, str]:
    """A client that is not used before the fork, as of a server that forks workers; other methods."""
    client = Client(url, timeouts=QUICK)
    said = {"first": forked(lambda: client.models()), "second": forked(lambda: client.models())}
    said["parent"] = seen(lambda: client.models())
    for method in ("spawn", "forkserver"):
        said[method] = in_a_process(Fresh(url), method)
    forgotten = Client(url, timeouts=QUICK)
    forgotten.models()
    client.close()
    del forgotten
    gc.collect()
    said["forgotten"] = forked(Fresh(url))
    return said


if __name__ == "__main__":
    scenarios = {"synchronous": synchronous, "asynchronous": asynchronous, "prefork": prefork}
    found = scenarios[sys.argv[1]](sys.argv[2])
    print(json.dumps(found), flush=True)
